/** One request through one route: authenticate → read → validate → handle → answer, and one log line. */
import type { Context } from "hono";
import { Fault } from "../../src/shared/core/faults.ts";
import { newId } from "../../src/shared/core/ids.ts";
import type { Caller } from "../../src/shared/core/tenant.ts";
import type { KeyStanding } from "../../src/shared/ports/gate.ts";
import { isAway } from "../../src/shared/runtime/away.ts";
import { problem } from "../../src/shared/runtime/problem.ts";
import { authenticate, bearer, sha256Hex } from "../../src/shared/verbs/authenticate.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import { noteKeyUse } from "../../src/shared/verbs/note-key-use.ts";
import { readBytes } from "../read-bytes.ts";
import { parseJson, validate } from "./body.ts";
import type { Call, Reply, Route } from "./route.ts";

export interface ApiContext {
  readonly deps: Deps;
  readonly operatorKeyHash: string;
}

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const EMPTY = new Uint8Array();
const DEFAULT_MAX_BYTES = 65_536;

/** Answers a request with `work`; turns what it throws into problem+json. */
export async function answer(
  c: Context,
  { deps }: ApiContext,
  label: string,
  work: (requestId: string, about: Record<string, unknown>) => Promise<Response>,
): Promise<Response> {
  const startedAt = deps.now();
  const given = c.req.header("x-request-id");
  const requestId = given !== undefined && REQUEST_ID.test(given) ? given : newId("req", startedAt, deps.random);
  const traceparent = c.req.header("traceparent");
  /** What the work adds to the log line. */
  const about: Record<string, unknown> = {};
  let response: Response;
  let failure: unknown;
  try {
    response = await work(requestId, about);
  } catch (error) {
    const known = error instanceof Fault;
    if (!known) failure = error;
    response = problem(
      known ? error : isAway(error) ? new Fault("unavailable", { retryAfterSeconds: 1 }) : new Fault("internal"),
      requestId,
    );
  }
  response.headers.set("x-request-id", requestId);
  if (traceparent !== undefined && TRACEPARENT.test(traceparent)) response.headers.set("traceparent", traceparent);
  deps.log({
    level: failure === undefined ? "info" : "error",
    event: "request",
    request_id: requestId,
    route: label,
    status: response.status,
    ms: deps.now() - startedAt,
    ...about,
    ...(failure === undefined ? {} : { error: failure instanceof Error ? (failure.stack ?? failure.message) : String(failure) }),
  });
  return response;
}

export function serve(route: Route, contextOf: (c: Context) => ApiContext): (c: Context) => Promise<Response> {
  const label = `${route.method} ${route.path}`;
  return (c) => {
    const api = contextOf(c);
    return answer(c, api, label, async (requestId, about) => {
      const caller = await callerOf(route, c, api);
      if (caller !== NOBODY) Object.assign(about, { tenant_id: caller.tenantId, key_id: caller.keyId });
      const valid = isChecked(route) ? stillValid(route, c, api, caller) : undefined;
      const work = readCall(route, c, api, requestId, caller).then((call) => route.handle(call as Call<never, never, never>));
      // Both run at once; a revoked or suspended key is told so whatever the work came to.
      const [verdict, outcome] = await Promise.allSettled([valid, work]);
      if (verdict.status === "rejected") throw verdict.reason;
      if (outcome.status === "rejected") throw outcome.reason;
      const reply = outcome.value;
      if (reply instanceof Response) return reply;
      Object.assign(about, reply.log);
      return toResponse(reply);
    });
  };
}

const NOBODY = {} as Caller;

async function callerOf(route: Route, c: Context, api: ApiContext): Promise<Caller> {
  if (route.auth === "public") return NOBODY;
  const token = bearer(c.req.header("authorization") ?? null);
  if (route.auth === "operator") {
    if (api.operatorKeyHash === "" || (await sha256Hex(token)) !== api.operatorKeyHash) throw new Fault("unauthenticated");
    return NOBODY;
  }
  const caller = await authenticate(api.deps, token, route.cachedAuth === true || isChecked(route));
  // Routes with a cached caller pass the gate, which notes the keys that it sees.
  const use = route.cachedAuth === true ? null : noteKeyUse(api.deps, caller);
  if (use !== null) c.executionCtx.waitUntil(use);
  if (!caller.scopes.includes(route.auth)) throw new Fault("forbidden", { detail: `The call needs the scope ${route.auth}.` });
  return caller;
}

/** Reads take a cached caller, and ask the tenant's gate beside their work whether the key was revoked or suspended meanwhile. */
function isChecked(route: Route): boolean {
  return route.method === "GET" && route.auth !== "public" && route.auth !== "operator";
}

/** One question to the gate, shared by all reads of the moment; the control database where the gate cannot answer. */
async function stillValid(route: Route, c: Context, { deps }: ApiContext, caller: Caller): Promise<void> {
  let standing: KeyStanding | undefined;
  try {
    [standing] = await deps.gate(caller.tenantId, 0).standings([caller.keyId]);
  } catch (error) {
    deps.log({ level: "warn", event: "gate_not_asked", route: route.path, tenant_id: caller.tenantId, error: String(error) });
    await authenticate(deps, bearer(c.req.header("authorization") ?? null), false);
  }
  if (standing === "revoked") throw new Fault("key_revoked");
  if (standing === "suspended") throw new Fault("key_suspended");
}

async function readCall(route: Route, c: Context, { deps }: ApiContext, requestId: string, caller: Caller): Promise<Call> {
  const params = route.params ? validate(route.params, c.req.param(), "bad_request") : undefined;
  const query = route.query ? validate(route.query, c.req.query(), "bad_request") : undefined;
  const takesBody = route.body !== undefined || route.rawBody === true;
  const rawBody = takesBody ? await readBytes(c.req.raw, route.maxBodyBytes ?? DEFAULT_MAX_BYTES) : EMPTY;
  const body = route.body ? validate(route.body, parseJson(rawBody, c.req.header("content-type") ?? null)) : undefined;
  return {
    deps,
    request: c.req.raw,
    requestId,
    params,
    query,
    body,
    rawBody,
    caller,
    actor: {
      tenantId: caller.tenantId,
      projectId: caller.projectId,
      name: route.auth === "operator" ? "operator" : `key:${caller.keyId}`,
      requestId,
    },
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  };
}

function toResponse(reply: Reply): Response {
  if (reply.body === undefined) return new Response(null, { status: reply.status, headers: { ...reply.headers } });
  return new Response(JSON.stringify(reply.body), {
    status: reply.status,
    headers: { "content-type": "application/json", ...reply.headers },
  });
}
