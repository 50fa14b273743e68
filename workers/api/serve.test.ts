import { expect, test } from "vitest";
import type { Gate } from "../../src/shared/ports/gate.ts";
import { makeWorld, testDeps } from "../../src/shared/testing/world.ts";
import type { LogLine } from "../../src/shared/verbs/deps.ts";

test("a warm read asks the gate once and the control database nothing", async () => {
  const base = testDeps();
  let asked = 0;
  let queries = 0;
  const world = await makeWorld({
    deps: {
      gate: (tenantId, shard) => {
        const gate = base.gate(tenantId, shard);
        return {
          standings: (ids: readonly string[]) => {
            asked++;
            return gate.standings(ids);
          },
          find: (id: string) => gate.find(id),
        } as unknown as Gate;
      },
      control: new Proxy(base.control, {
        get(target, property) {
          if (property === "prepare") queries++;
          return Reflect.get(target, property).bind(target);
        },
      }),
    },
  });
  const read = () => world.call("GET", "/v1/messages/msg_01KAAAAAAAAAAAAAAAAAAAAAAA");
  expect((await read()).status).toBe(404);
  [asked, queries] = [0, 0];
  expect((await read()).status).toBe(404);
  expect([asked, queries]).toEqual([1, 0]);
});

test("where the gate cannot be asked, the control database says whether a key is still good", async () => {
  let away = false;
  const base = testDeps();
  const world = await makeWorld({
    deps: {
      log: () => undefined,
      gate: (tenantId, shard) => {
        if (away) throw new Error("no gate");
        return base.gate(tenantId, shard);
      },
    },
  });
  const key = await world.keyWith(["keys:read"]);
  expect((await world.call("GET", "/v1/keys", { key })).status).toBe(200);
  away = true;
  expect((await world.call("GET", "/v1/keys", { key })).status).toBe(200);
  await base.control
    .prepare("UPDATE api_keys SET revoked_at = 1 WHERE tenant_id = ? AND name = 'scoped'")
    .bind(world.tenantId)
    .run();
  expect((await world.call("GET", "/v1/keys", { key })).status).toBe(401);
});

test("a request leaves one log line, with ids and without what was said to whom", async () => {
  const lines: LogLine[] = [];
  const world = await makeWorld({ deps: { log: (line) => void lines.push(line) } });
  const response = await world.call("POST", "/v1/send", {
    body: {
      to: [{ channel: "email", destination: "ada@example.com" }],
      content: { email: { subject: "Secret", text: "Words" } },
    },
    headers: { "x-request-id": "mine-1" },
  });
  const { message_ids } = (await response.json()) as { message_ids: string[] };
  const requests = lines.filter((line) => line.event === "request");
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatchObject({
    request_id: "mine-1",
    route: "POST /v1/send",
    status: 202,
    tenant_id: world.tenantId,
    message_id: message_ids[0],
    messages: 1,
  });
  expect(JSON.stringify(lines)).not.toMatch(/ada@example|Secret|Words/);
});

test("a JSON body is taken as curl and fetch send it unasked; one that says it is something else is refused", async () => {
  const world = await makeWorld();
  const body = JSON.stringify({ name: "k", mode: "test" });
  const ask = (type: string) => world.call("POST", "/v1/keys", { body, headers: { "content-type": type } });
  for (const type of ["application/x-www-form-urlencoded", "text/plain;charset=UTF-8"])
    expect((await ask(type)).status).toBe(201);
  for (const type of ["application/xml", "multipart/form-data"]) expect((await ask(type)).status).toBe(415);
});

test("a database that is away is a 503 that says when to try again; a bug is a 500 that says nothing", async () => {
  let failure = new Error("D1_ERROR: Network connection lost.");
  const base = testDeps();
  let broken = false;
  const world = await makeWorld({
    deps: {
      log: () => undefined,
      control: new Proxy(base.control, {
        get(target, property) {
          if (broken && property === "prepare") throw failure;
          return Reflect.get(target, property).bind(target);
        },
      }),
    },
  });
  await world.call("GET", "/v1/keys");
  broken = true;
  const away = await world.call("GET", "/v1/keys");
  expect([away.status, away.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await away.json()).toMatchObject({ code: "unavailable" });
  failure = new Error("D1_ERROR: no such column: x");
  const bug = await world.call("GET", "/v1/keys");
  expect(bug.status).toBe(500);
  expect(await bug.text()).not.toContain("column");
});
