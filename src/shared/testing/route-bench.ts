/** What the route batteries share: two tenants with a clock in hand, valid requests, and what every answer must be. */

import { expect } from "vitest";
import { openApiDocument } from "../../../workers/api/openapi/document.ts";
import { refusalsOf } from "../../../workers/api/openapi/refusals.ts";
import { sample } from "../../../workers/api/openapi/sample.ts";
import { SchemaPool } from "../../../workers/api/openapi/schema.ts";
import type { Route } from "../../../workers/api/route.ts";
import { routes } from "../../../workers/api/routes.ts";
import { problemShape } from "../contract/problem.ts";
import { FAULTS, type FaultCode } from "../core/faults.ts";
import { ANYTHING } from "../core/grants.ts";
import { newId } from "../core/ids.ts";
import { DEFAULT_PROJECT, SCOPES } from "../core/tenant.ts";
import type { Carrier } from "../ports/carrier.ts";
import { PROBLEM_TYPE } from "../runtime/problem.ts";
import { createKey } from "../verbs/create-key.ts";
import type { Params } from "./route-makers.ts";
import { makeWorld, OPERATOR_KEY, type World } from "./world.ts";

export interface Bench {
  /** The tenant that things are made in. */
  readonly owner: World;
  /** Another tenant, which must not see them. */
  readonly stranger: World;
  /** Another project of the owner's tenant, which must not see them either. */
  readonly sibling: World;
  /** Added to the owner's clock. */
  readonly clock: { aheadMs: number };
}

/** The batteries never leave the machine. */
const NOWHERE_CARRIER: Carrier = { carry: async () => ({ kind: "not_sent", reason: "no network in tests" }) };

export async function makeBench(): Promise<Bench> {
  const clock = { aheadMs: 0 };
  const deps = { carrier: NOWHERE_CARRIER };
  const owner = await makeWorld({ deps: { ...deps, now: () => Date.now() + clock.aheadMs } });
  return { owner, stranger: await makeWorld({ deps }), sibling: await siblingOf(owner), clock };
}

async function siblingOf(owner: World): Promise<World> {
  const { deps, tenantId } = owner;
  const now = deps.now();
  const projectId = newId("prj", now, deps.random);
  const row = [projectId, tenantId, "Second", JSON.stringify(DEFAULT_PROJECT), now];
  await deps.control
    .prepare("INSERT INTO projects (id, tenant_id, name, settings, created_at) VALUES (?, ?, ?, ?, ?)")
    .bind(...row)
    .run();
  const actor = { tenantId, projectId, name: "system", requestId: "req_test" };
  const { secret } = await createKey(deps, actor, ANYTHING, {
    name: "Second",
    mode: "live",
    scopes: SCOPES,
    expiresAt: null,
    rateLimit: null,
  });
  return {
    ...owner,
    projectId,
    liveKey: secret,
    call: (method, path, options) => owner.call(method, path, { key: secret, ...options }),
  };
}

/** Ids of the right form that nobody has. */
export const NOWHERE = "00000000000000000000000000";

/** The key that opens a route: the owner's, the operator's, or none. */
export function keyOf(route: Route, world: World): string | null {
  if (route.auth === "public") return null;
  return route.auth === "operator" ? OPERATOR_KEY : world.liveKey;
}

/** `/v1/keys/{id}` with its parameters filled in; those that are not given name nothing. */
export function pathOf(route: Pick<Route, "path">, params: Params = {}): string {
  return route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? `key_${NOWHERE}`));
}

/** Bodies that the route takes: its examples, or one drawn from its shape. */
export function validBodies(route: Route): unknown[] {
  if (route.rawBody && !route.body) return [new TextEncoder().encode("bytes")];
  if (!route.body) return [undefined];
  if (route.examples?.length) return route.examples.map(({ body }) => body);
  const pool = new SchemaPool();
  const schema = pool.schemaOf(route.documentBody ?? route.body, "input");
  return [sample(schema, pool.components())];
}

export interface Asking {
  readonly params?: Params;
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls a route with a valid body, unless told otherwise. */
export async function ask(world: World, route: Route, asking: Asking = {}): Promise<Response> {
  const { params, key = keyOf(route, world), headers = {} } = asking;
  const body = "body" in asking ? asking.body : validBodies(route)[0];
  return world.call(route.method, pathOf(route, params), {
    key,
    body,
    headers: { ...(body instanceof Uint8Array ? { "content-type": "application/octet-stream" } : {}), ...headers },
  });
}

/** A problem in full form, with one of these codes. */
export async function expectProblem(response: Response, ...codes: readonly FaultCode[]): Promise<Record<string, unknown>> {
  const text = await response.text();
  expect(response.headers.get("content-type"), `${response.status} ${text}`).toBe(PROBLEM_TYPE);
  const body = problemShape.strict().parse(JSON.parse(text));
  expect(codes, text).toContain(body.code);
  expect(body).toMatchObject({ ...FAULTS[body.code], type: `/docs#problem-${body.code}` });
  expect(response.status).toBe(body.status);
  expect(body.request_id).toBe(response.headers.get("x-request-id"));
  if (response.status === 401) expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
  if (response.status === 429 || response.status === 503)
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  for (const { path, message } of body.errors ?? []) expect(typeof path === "string" && message.length > 0, text).toBe(true);
  return body;
}

const DOCUMENT = openApiDocument(routes);

/** The answer is one that the OpenAPI document has for this operation; a body has the declared fields and no others. */
export async function expectDeclared(route: Route, response: Response): Promise<void> {
  const declared = DOCUMENT.paths[route.path]?.[route.method.toLowerCase()]?.responses ?? {};
  const text = response.body === null ? "" : await response.clone().text();
  expect(Object.keys(declared), `${route.operationId}: ${text.slice(0, 2000)}`).toContain(String(response.status));
  if (response.headers.get("content-type") === PROBLEM_TYPE) {
    await expectProblem(response.clone(), ...refusalsOf(route));
    return;
  }
  const { body: shape, mediaType = "application/json" } = route.responses[response.status] ?? { body: null };
  if (shape === null) {
    expect(text).toBe("");
    return;
  }
  expect(response.headers.get("content-type")?.split(";")[0]).toBe(mediaType);
  if (mediaType !== "application/json") return;
  const value: unknown = JSON.parse(text);
  expect(shape.parse(value), `${route.operationId} answers with fields that it does not declare`).toEqual(value);
}
