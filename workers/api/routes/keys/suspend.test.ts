import { beforeAll, expect, test } from "vitest";
import { gateName } from "../../../../src/shared/core/placement.ts";
import { makeWorld, OPERATOR_KEY, testDeps, type World } from "../../../../src/shared/testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld({ gateShards: 3, deps: { log: () => undefined } });
});

type Json = Record<string, unknown>;
const json = async (response: Response) => (await response.json()) as Json;
async function newKey(of = world, mode = "live"): Promise<{ id: string; key: string }> {
  const response = await of.call("POST", "/v1/keys", { body: { name: "k", mode } });
  return (await response.json()) as { id: string; key: string };
}
const MAIL = { to: [{ channel: "email", destination: "a@b.example" }], content: { email: { subject: "s", text: "t" } } };
const sendAll = (key: string) =>
  // By their keys, these reach all of the gates.
  Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      world.call("POST", "/v1/send", {
        key,
        body: { ...MAIL, schedule_at: "2040-01-01T00:00:00Z", deduplication_key: `k${key}${i}` },
      }),
    ),
  );
const statuses = (responses: readonly Response[]) => [...new Set(responses.map(({ status }) => status))];
const rowsOf = async (table: "audit" | "notices", id: string): Promise<Json[]> => {
  const column = table === "audit" ? "target" : "subject";
  const { results } = await world.deps.control
    .prepare(`SELECT * FROM ${table} WHERE tenant_id = ? AND ${column} = ? ORDER BY id`)
    .bind(world.tenantId, id)
    .all<Json>();
  return results;
};

test("a suspended key is refused by every gate, until it is resumed; its messages stay", async () => {
  const { id, key } = await newKey();
  const sent = await sendAll(key);
  expect(statuses(sent)).toEqual([202]);
  const suspended = await json(await world.call("POST", `/v1/keys/${id}/suspend`));
  expect(suspended).toMatchObject({ id, suspended_reason: "by_hand" });
  expect(suspended.suspended_at).toMatch(/Z$/);
  const refused = await sendAll(key);
  expect(statuses(refused)).toEqual([403]);
  expect(await json(refused[0] as Response)).toMatchObject({ code: "key_suspended", status: 403 });
  const { message_ids } = (await json(sent[0] as Response)) as { message_ids: string[] };
  expect(await json(await world.call("GET", `/v1/messages/${message_ids[0]}`))).toMatchObject({ status: "scheduled" });
  expect(await json(await world.call("POST", `/v1/keys/${id}/resume`))).toMatchObject({
    suspended_at: null,
    suspended_reason: null,
  });
  expect(statuses(await sendAll(key))).toEqual([202]);
});

test("suspending twice at the same time is one suspension: one audit row, one notice, one time", async () => {
  const { id } = await newKey();
  const answers = await Promise.all(Array.from({ length: 6 }, () => world.call("POST", `/v1/keys/${id}/suspend`)));
  expect(new Set(await Promise.all(answers.map((a) => a.text()))).size).toBe(1);
  for (let i = 0; i < 3; i++) expect((await world.call("POST", `/v1/keys/${id}/resume`)).status).toBe(200);
  expect((await rowsOf("audit", id)).map(({ action }) => action)).toEqual(["key.created", "key.suspended", "key.resumed"]);
  expect(await rowsOf("notices", id)).toHaveLength(1);
});

test("a notice and the audit log say who suspended the key, and a key of any project reads the notice", async () => {
  const { id } = await newKey();
  await world.call("POST", `/v1/keys/${id}/suspend`);
  const other = await json(await world.call("POST", "/v1/projects", { body: { name: "Other" } }));
  const ask = async (query: string) =>
    (await json(await world.call("GET", `/v1/notices?type=key.suspended&${query}`, { key: String(other.live_key) })))
      .data as Json[];
  const [notice] = await ask("limit=1");
  expect(notice).toEqual({
    id: expect.stringMatching(/^ntc_/),
    project_id: world.projectId,
    type: "key.suspended",
    subject: id,
    details: { reason: "by_hand", by: expect.stringMatching(/^key:key_/) },
    created_at: expect.stringMatching(/Z$/),
  });
  expect(await ask(`project_id=${String(other.id)}`)).toEqual([]);
  const admin = async (tenant: string) =>
    (await json(await world.call("GET", `/admin/notices?tenant_id=${tenant}`, { key: OPERATOR_KEY }))).data as Json[];
  expect((await admin(world.tenantId))[0]).toEqual(notice);
  expect(await admin("ten_nobody")).toEqual([]);
  expect((await rowsOf("audit", id)).at(-1)).toMatchObject({ action: "key.suspended", project_id: world.projectId });
});

test("a key suspends itself and cannot undo it; a key of another project can", async () => {
  const { id, key } = await newKey();
  expect((await world.call("POST", `/v1/keys/${id}/suspend`, { key })).status).toBe(200);
  for (const path of [`/v1/keys/${id}/resume`, `/v1/keys/${id}/suspend`]) {
    expect(await json(await world.call("POST", path, { key }))).toMatchObject({ code: "key_suspended" });
  }
  const other = await json(await world.call("POST", "/v1/projects", { body: { name: "Rescue" } }));
  const rescue = String(other.live_key);
  expect((await world.call("POST", `/v1/keys/${id}/resume`, { key: rescue })).status).toBe(200);
  expect((await world.call("GET", "/v1/keys", { key })).status).toBe(200);
  // Another project's key is resumed, and never suspended.
  expect((await world.call("POST", `/v1/keys/${id}/suspend`, { key: rescue })).status).toBe(404);
});

test("a test key neither suspends nor resumes a live one, and a revoked key stays revoked", async () => {
  const { id } = await newKey();
  for (const verb of ["suspend", "resume"])
    expect((await world.call("POST", `/v1/keys/${id}/${verb}`, { key: world.testKey })).status).toBe(403);
  expect((await world.call("POST", `/v1/keys/${id}/suspend`)).status).toBe(200);
  await world.call("DELETE", `/v1/keys/${id}`);
  expect((await world.call("POST", `/v1/keys/${id}/resume`)).status).toBe(409);
  const { id: gone, key } = await newKey();
  await world.call("DELETE", `/v1/keys/${gone}`);
  expect((await world.call("POST", `/v1/keys/${gone}/suspend`)).status).toBe(409);
  expect(await json(await world.call("GET", "/v1/keys", { key }))).toMatchObject({ code: "key_revoked" });
});

test("what the operator suspends, only the operator resumes", async () => {
  const { id, key } = await newKey();
  const operate = (verb: string, tenant = world.tenantId) =>
    world.call("POST", `/admin/tenants/${tenant}/keys/${id}/${verb}`, { key: OPERATOR_KEY });
  expect((await operate("suspend", (await makeWorld()).tenantId)).status).toBe(404);
  expect(await json(await operate("suspend"))).toMatchObject({ id, suspended_reason: "operator" });
  expect(statuses(await sendAll(key))).toEqual([403]);
  expect(await json(await world.call("POST", `/v1/keys/${id}/resume`))).toMatchObject({ code: "forbidden" });
  expect((await operate("resume")).status).toBe(200);
  expect(statuses(await sendAll(key))).toEqual([202]);
  expect((await rowsOf("audit", id)).at(-1)).toMatchObject({ action: "key.resumed", actor: "operator" });
});

test("a gate that could not be told is told by a repeat", async () => {
  let away = true;
  const base = testDeps();
  const shaky = await makeWorld({
    gateShards: 2,
    deps: {
      log: () => undefined,
      gate: (tenantId, shard) => {
        if (away && shard === 1) throw new Error("no gate");
        return base.gate(tenantId, shard);
      },
    },
  });
  const { id } = await newKey(shaky);
  expect((await shaky.call("POST", `/v1/keys/${id}/suspend`)).status).toBe(500);
  const told = () => base.gate(shaky.tenantId, 1).standings([id]);
  expect(await told()).toEqual(["good"]);
  away = false;
  expect((await shaky.call("POST", `/v1/keys/${id}/suspend`)).status).toBe(200);
  expect(await told(), gateName(shaky.tenantId, 1)).toEqual(["suspended"]);
});
