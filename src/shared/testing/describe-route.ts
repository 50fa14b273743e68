/** The battery that every route of the table passes, without being told. Resources that it needs come from route-makers.ts. */

import { beforeAll, describe, expect, it } from "vitest";
import type { Route } from "../../../workers/api/route.ts";
import { routes } from "../../../workers/api/routes.ts";
import { ANYTHING } from "../core/grants.ts";
import { SCOPES, type Scope } from "../core/tenant.ts";
import { createKey } from "../verbs/create-key.ts";
import { ask, type Bench, expectDeclared, expectProblem, keyOf, makeBench, NOWHERE, pathOf, validBodies } from "./route-bench.ts";
import { makeFor, type Params } from "./route-makers.ts";
import { OPERATOR_KEY } from "./world.ts";

const JSON_TYPE = "application/json";

export function describeRoute(route: Route): void {
  describe(`${route.method} ${route.path}`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await makeBench();
    });
    const of = () => bench;
    aboutAnswers(route, of);
    if (route.auth === "public") aboutPublic(route, of);
    else aboutKeys(route, of);
    if (route.auth === "operator") aboutOperator(route, of);
    else if (route.auth !== "public") aboutTenantKeys(route, route.auth, of);
    if (route.auth !== "public" && route.path.includes("{")) aboutOwnership(route, of);
    if (route.body) aboutBodies(route, of);
    if (route.body || route.rawBody) aboutSize(route, of);
    if (route.query) aboutQueries(route, of);
    if (route.idempotent && route.body) aboutRepeats(route, of);
    if (route.idempotent) aboutIdempotencyKeys(route, of);
  });
}

type Of = () => Bench;

function aboutAnswers(route: Route, of: Of): void {
  it("answers as it declares, to each of its examples", async () => {
    for (const body of validBodies(route)) {
      const response = await ask(of().owner, route, { params: await makeFor(route.path, of().owner), body });
      await expectDeclared(route, response);
      expect(response.status, await response.clone().text()).not.toBe(404);
    }
  });

  it("takes over a request id and a trace, and hands them back", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (const key of [undefined, "nobody"]) {
      const headers = { "x-request-id": "mine:7.A_b-1", traceparent };
      const response = await ask(of().owner, route, { headers, ...(key === undefined ? {} : { key }) });
      expect(response.headers.get("x-request-id")).toBe("mine:7.A_b-1");
      expect(response.headers.get("traceparent")).toBe(traceparent);
      if (response.status >= 400) await expectDeclared(route, response);
    }
  });

  it.each(["", "has space", "x".repeat(129), 'quote"', "a,b"])("makes an id of its own in place of %j", async (given) => {
    const response = await ask(of().owner, route, { headers: { "x-request-id": given, traceparent: "00-zz" } });
    expect(response.headers.get("x-request-id")).toMatch(/^req_[0-9A-Z]{26}$/);
    expect(response.headers.get("traceparent")).toBeNull();
  });
}

function aboutPublic(route: Route, of: Of): void {
  it("answers anyone, with a key or without", async () => {
    const params = await makeFor(route.path, of().owner);
    for (const key of [null, "nobody", of().owner.liveKey])
      expect((await ask(of().owner, route, { key, params })).status).toBeLessThan(400);
  });
}

function aboutKeys(route: Route, of: Of): void {
  it("refuses a call without a key", async () => {
    await expectProblem(await ask(of().owner, route, { key: null }), "unauthenticated");
  });

  it.each([
    ["Bearer garbage"],
    [`Bearer ck_live_${"0".repeat(32)}`],
    [`Bearer ck_live_${"A".repeat(100_000)}`],
    ["Bearer ck_live_' OR 1=1 --"],
    ["Bearer"],
    ["Bearer "],
    ["Basic Y2tfbGl2ZV8wOg=="],
    ["ck_live_00000000000000000000000000000000"],
  ])("refuses %.40j", async (authorization) => {
    await expectProblem(await ask(of().owner, route, { key: null, headers: { authorization } }), "unauthenticated");
  });

  it("looks at the key before anything else", async () => {
    const [path] = [pathOf(route, { id: "%" })];
    const response = await of().owner.call(route.method, `${path}?nonsense=1`, {
      key: null,
      ...(route.method === "GET" ? {} : { body: "{", headers: { "content-type": "text/plain" } }),
    });
    await expectProblem(response, "unauthenticated");
  });
}

function aboutOperator(route: Route, of: Of): void {
  it("refuses every key of a tenant", async () => {
    const { owner } = of();
    for (const key of [owner.liveKey, owner.testKey]) await expectProblem(await ask(owner, route, { key }), "unauthenticated");
  });
}

function aboutTenantKeys(route: Route, scope: Scope, of: Of): void {
  /** A key of the owner's, with its id. */
  const make = async (over: { scopes?: readonly Scope[]; expiresAt?: number } = {}) => {
    const { deps, tenantId, projectId } = of().owner;
    const { secret, row } = await createKey(deps, { tenantId, projectId, name: "system", requestId: "req_test" }, ANYTHING, {
      name: "Battery",
      mode: "live",
      scopes: SCOPES,
      expiresAt: null,
      rateLimit: null,
      ...over,
    });
    return { secret, id: row.id };
  };

  it("refuses the operator's key", async () => {
    await expectProblem(await ask(of().owner, route, { key: OPERATOR_KEY }), "unauthenticated");
  });

  it("refuses a key that has every scope but the one it needs", async () => {
    const { secret } = await make({ scopes: SCOPES.filter((one) => one !== scope) });
    const problem = await expectProblem(await ask(of().owner, route, { key: secret }), "forbidden");
    expect(problem.detail).toContain(scope);
  });

  it("takes a key that has the one scope that it needs", async () => {
    const { secret } = await make({ scopes: [scope] });
    expect([401, 403]).not.toContain((await ask(of().owner, route, { key: secret })).status);
  });

  it("refuses a key from the instant of its revocation, also where it was just in use", async () => {
    const { owner } = of();
    const { secret, id } = await make();
    for (let i = 0; i < 2; i++) expect((await ask(owner, route, { key: secret })).status).not.toBe(401);
    expect((await owner.call("DELETE", `/v1/keys/${id}`)).status).toBe(200);
    for (let i = 0; i < 2; i++) await expectProblem(await ask(owner, route, { key: secret }), "key_revoked");
  });

  it("refuses a key that was revoked before its first use", async () => {
    const { secret, id } = await make();
    expect((await of().owner.call("DELETE", `/v1/keys/${id}`)).status).toBe(200);
    await expectProblem(await ask(of().owner, route, { key: secret }), "key_revoked");
  });

  it("refuses a key from the instant of its suspension, also where it was just in use, until it is resumed", async () => {
    const { owner } = of();
    const { secret, id } = await make();
    for (let i = 0; i < 2; i++) expect((await ask(owner, route, { key: secret })).status).not.toBe(403);
    for (let round = 0; round < 2; round++) {
      expect((await owner.call("POST", `/v1/keys/${id}/suspend`)).status).toBe(200);
      for (let i = 0; i < 2; i++) await expectProblem(await ask(owner, route, { key: secret }), "key_suspended");
      expect((await owner.call("POST", `/v1/keys/${id}/resume`)).status).toBe(200);
      expect((await ask(owner, route, { key: secret })).status).not.toBe(403);
    }
  });

  it("refuses a key from the instant of its expiry, also where it was just in use", async () => {
    const { owner, clock } = of();
    const { secret } = await make({ expiresAt: owner.deps.now() + 10_000 });
    expect((await ask(owner, route, { key: secret })).status).not.toBe(401);
    clock.aheadMs = 10_000;
    try {
      await expectProblem(await ask(owner, route, { key: secret }), "key_expired");
    } finally {
      clock.aheadMs = 0;
    }
    const { secret: dead } = await make({ expiresAt: owner.deps.now() - 1 });
    await expectProblem(await ask(owner, route, { key: dead }), "key_expired");
  });
}

/** Where the owner sees the resource: by its id, or else in its list. */
function viewPath(route: Route, params: Params): string {
  const list = route.path.slice(0, route.path.indexOf("/{"));
  const one = route.path.slice(0, route.path.indexOf("}") + 1);
  return routes.some(({ method, path }) => method === "GET" && path === one) ? pathOf({ path: one }, params) : list;
}

const MALFORMED = [
  "x",
  "%",
  "..",
  "' OR 1=1 --",
  "../../etc/passwd",
  "\u0000",
  "😀",
  "ÿ".repeat(20),
  "a".repeat(10_000),
  `key_${NOWHERE.slice(1)}`,
  `key_${NOWHERE}0`,
  `msg_${"Z".repeat(26)}`,
  `msg_${"7".repeat(26)}`,
  `MSG_${NOWHERE}`,
  "__proto__",
  "constructor",
];

function aboutOwnership(route: Route, of: Of): void {
  const notThere =
    route.auth === "operator" ? (["bad_request", "not_found", "validation_failed"] as const) : (["not_found"] as const);

  if (route.auth !== "operator") {
    it.each(route.tenantWide ? (["stranger"] as const) : (["stranger", "sibling"] as const))(
      "shows nothing to a %s, and leaves all as it was",
      async (who) => {
        const { owner, [who]: other } = of();
        const params = await makeFor(route.path, owner);
        const view = async () => (await owner.call("GET", viewPath(route, params))).json();
        const before = await view();
        for (const body of validBodies(route)) await expectProblem(await ask(other, route, { params, body }), "not_found");
        expect(await view()).toEqual(before);
        expect((await ask(owner, route, { params })).status, "its owner finds it").not.toBe(404);
      },
    );
  }

  it("answers for an id that nobody has, and for one that is none", async () => {
    const { owner } = of();
    const params = await makeFor(route.path, owner);
    const names = Object.keys(params);
    const unknown = Object.fromEntries(names.map((name) => [name, `${(params[name] ?? "").slice(0, -8)}00000000`]));
    await expectProblem(await ask(owner, route, { params: unknown }), ...notThere);
    for (const text of MALFORMED) {
      const response = await ask(owner, route, { params: Object.fromEntries(names.map((name) => [name, text])) });
      // An encoded `..` may have been taken as a step in the path.
      expect([400, 404, 405, 422], `${text}: ${response.status} ${await response.clone().text()}`).toContain(response.status);
      await expectProblem(response, "bad_request", "not_found", "method_not_allowed", "validation_failed");
    }
  });
}

const BROKEN_JSON = ["", " ", "{", '{"a":', "nul", "{'a': 1}", "[1,]", '{"a": 1} x', '"\u0001"', "\ufeff\ufeff{}", "NaN"];
const NOT_UTF8 = [
  [0xff, 0xfe],
  [0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d],
  [0x22, 0xed, 0xa0, 0x80, 0x22],
  [0xc0, 0x80],
];

function aboutBodies(route: Route, of: Of): void {
  const send = async (body: unknown, headers: Record<string, string> = {}) => ask(of().owner, route, { body, headers });

  it("refuses what is not JSON in UTF-8", async () => {
    for (const text of BROKEN_JSON) await expectProblem(await send(text), "malformed_json");
    for (const bytes of NOT_UTF8)
      await expectProblem(await send(new Uint8Array(bytes), { "content-type": JSON_TYPE }), "malformed_json");
  });

  it("refuses another content type, and takes JSON under its other names", async () => {
    const body = JSON.stringify(validBodies(route)[0]);
    for (const type of ["text/csv", "application/xml", "multipart/form-data; boundary=x", "application/jsonx"]) {
      await expectProblem(await send(body, { "content-type": type }), "unsupported_media_type");
    }
    for (const type of ["application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"]) {
      expect((await send(body, { "content-type": type })).status).not.toBe(415);
    }
  });

  it("refuses what is no object, and names a field that it does not know", async () => {
    for (const value of [null, 1, "x", true, [], [{}]])
      await expectProblem(await send(JSON.stringify(value)), "validation_failed");
    const valid = validBodies(route)[0];
    const { errors } = await expectProblem(await send({ ...(valid as object), no_such_field: 1 }), "validation_failed");
    expect(JSON.stringify(errors)).toContain("no_such_field");
  });

  it("refuses what is nested too deep for those who read it later", async () => {
    for (const depth of [65, 1001, DEEP]) {
      const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`;
      await expectProblem(await send(deep), "validation_failed");
      await expectProblem(
        await send(`${JSON.stringify(validBodies(route)[0]).slice(0, -1)},"variables":${deep}}`),
        "validation_failed",
      );
    }
    const quoted = JSON.stringify("[{".repeat(100));
    const { errors } = await expectProblem(await send(quoted), "validation_failed");
    expect(JSON.stringify(errors)).not.toContain("levels deep");
  });
}

/** Deep enough to end the stack of a reader that recurses, and to stop SQLite, which reads 1,000 levels. */
const DEEP = 20_000;

function aboutSize(route: Route, of: Of): void {
  const limit = route.maxBodyBytes ?? 65_536;

  it("refuses a body that is too large, with its length declared and without", async () => {
    const large = new Uint8Array(limit + 1).fill(0x20);
    await expectProblem(await ask(of().owner, route, { body: large, headers: { "content-type": JSON_TYPE } }), "body_too_large");
    const stream = new Response(large).body?.pipeThrough(new TransformStream());
    await expectProblem(await ask(of().owner, route, { body: stream, headers: { "content-type": JSON_TYPE } }), "body_too_large");
  });
}

function aboutQueries(route: Route, of: Of): void {
  const get = async (query: string) =>
    of().owner.call(route.method, `${pathOf(route)}${query}`, { key: keyOf(route, of().owner), body: validBodies(route)[0] });

  it("names a parameter that it does not know", async () => {
    const { errors } = await expectProblem(await get("?no_such_parameter=1"), "bad_request");
    expect(JSON.stringify(errors)).toContain("no_such_parameter");
  });

  it.each(["limit", "cursor", "status", "channel", "created_after"])("answers for any %s", async (name) => {
    for (const value of [
      "",
      "0",
      "-1",
      "1e9",
      "NaN",
      "x",
      "%00",
      "%F0%9F%98%80",
      "%FF",
      "'%20OR%201=1",
      "a".repeat(5000),
      `msg_${NOWHERE}`,
    ]) {
      const response = await get(`?${name}=${value}`);
      expect([200, 400, 404], `${value}: ${await response.clone().text()}`).toContain(response.status);
      if (response.status !== 200) await expectProblem(response, "bad_request", "not_found");
    }
  });
}

/** Where there is no body, there is nothing to say twice the same or differently: such a route has a test of its own. */
function aboutRepeats(route: Route, of: Of): void {
  it("answers a repeat as it did the first time, and refuses the key for another body", async () => {
    const { owner } = of();
    const headers = { "idempotency-key": "battery-1" };
    const [body] = validBodies(route);
    const first = await ask(owner, route, { body, headers });
    expect(first.ok).toBe(true);
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    const again = await ask(owner, route, { body, headers: { "idempotency-key": '"battery-1"' } });
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect([again.status, await again.json()]).toEqual([first.status, await first.json()]);
    const other = { ...(body as object), tags: ["other"] };
    await expectProblem(await ask(owner, route, { body: other, headers }), "idempotency_key_reused");
  });
}

function aboutIdempotencyKeys(route: Route, of: Of): void {
  it("refuses a key that is too long", async () => {
    const response = await ask(of().owner, route, { headers: { "idempotency-key": "x".repeat(10_000) } });
    await expectProblem(response, "bad_request", "validation_failed");
  });
}
