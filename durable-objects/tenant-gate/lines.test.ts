import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { messageIdAt, parseMessageId } from "../../src/shared/core/ids.ts";
import { gateName } from "../../src/shared/core/placement.ts";
import type { AcceptItem, AcceptRequest, Gate } from "../../src/shared/ports/gate.ts";
import { eventually } from "../../src/shared/testing/world.ts";
import type { TenantGate } from "./index.ts";
import { Lines } from "./lines.ts";

const namespace = (env as unknown as { TENANT_GATE: DurableObjectNamespace<TenantGate> }).TENANT_GATE;
let tenants = 0;
const freshGate = () => namespace.getByName(gateName(`ten_lines_test_${tenants++}`, 0));
const asGate = (stub: DurableObjectStub<TenantGate>): Gate => stub as unknown as Gate;

/** Held, so that the submissions can be looked at. */
const FAR = Date.UTC(2040, 0, 1);

/** A run with one recipient a line; null for a run without an ordering key. */
function item(of: readonly string[] | null, over: Partial<AcceptItem> = {}): AcceptItem {
  const to = (of ?? ["none"]).map((line) => ({ channel: "email", destination: `${line}@b.example` }));
  const text = JSON.stringify({
    project_id: "prj_1",
    mode: "live",
    priority: "normal",
    accepted_at: 1000,
    due_at: over.dueAt ?? FAR,
    expires_at: null,
    order: { request_id: "req_1", content: { email: { subject: "s", text: "t" } } },
    to,
  }).slice(1);
  return {
    lane: "standard",
    dueAt: FAR,
    count: to.length,
    text,
    dedupe: null,
    line: of === null ? null : { spread: 7, of },
    ...over,
  };
}

function request(items: readonly AcceptItem[], over: Partial<AcceptRequest> = {}): AcceptRequest {
  return {
    requestId: "req_1",
    keyId: "key_1",
    limits: { tenant: { ratePerSecond: 1000, burst: 10_000 }, key: null, monthlyMessages: null, criticalExempt: true },
    critical: false,
    dbShards: [0, 1],
    idempotency: null,
    echo: "",
    items,
    ...over,
  };
}

/** Ids of all messages, run by run. */
async function accept(gate: Gate, ...requests: AcceptRequest[]): Promise<string[]> {
  const results = await gate.accept(requests);
  return results.flatMap((result, r) => {
    if (result.kind !== "accepted") return [];
    return result.items.flatMap((one, i) => {
      const count = requests[r]?.items[i]?.count ?? 0;
      return one.kind === "accepted" ? Array.from({ length: count }, (_, k) => messageIdAt(one.first, k)) : [];
    });
  });
}

const afterOf = async (gate: Gate, id: string | undefined) => (await gate.find(id ?? ""))?.after?.[0] ?? null;

test("accepts at the same time make one chain: every message has another before it, and one has none", async () => {
  const gate = asGate(freshGate());
  const ids = (await Promise.all(Array.from({ length: 40 }, () => accept(gate, request([item(["a"])]))))).flat();
  const before = await Promise.all(ids.map((id) => afterOf(gate, id)));
  const sorted = [...ids].sort();
  expect(sorted).toHaveLength(40);
  for (const [i, id] of sorted.entries()) expect(before[ids.indexOf(id)]).toBe(sorted[i - 1] ?? null);
});

test("a chain goes on over an eviction", async () => {
  const stub = freshGate();
  const [a] = await accept(asGate(stub), request([item(["a"])]));
  await evictDurableObject(stub);
  const [b] = await accept(asGate(stub), request([item(["a"])]));
  await evictDurableObject(stub);
  expect(await afterOf(asGate(stub), b)).toBe(a);
});

test("in one commit, runs, recipients of a run and requests chain by their lines, and by nothing else", async () => {
  const gate = asGate(freshGate());
  const [a1, b1, a2, none, b2, a3, c1] = await accept(
    gate,
    request([item(["a", "b", "a"]), item(null)]),
    request([item(["b"])]),
    request([item(["a", "c"])]),
  );
  const all = await Promise.all([a1, b1, a2, none, b2, a3, c1].map((id) => afterOf(gate, id)));
  expect(all).toEqual([null, null, a1, null, b1, a2, null]);
  expect((await gate.find(none ?? ""))?.after).toBeUndefined();
  expect((await gate.find(b2 ?? ""))?.to[0]?.destination).toBe("b@b.example");
});

test("all lines of one key lie in one message database, whatever the second", async () => {
  const gate = asGate(freshGate());
  const ids = await accept(
    gate,
    ...[0, 1, 2, 3].map((spread) => request([item(["a"], { line: { spread, of: [`${spread}`] } }), item(["b"])])),
  );
  const shards = ids.map((id) => parseMessageId(id)?.dbShard);
  expect(shards).toEqual([0, 1, 1, 1, 0, 1, 1, 1]);
});

test("what is refused or replayed does not move a line", async () => {
  const stub = freshGate();
  const gate = asGate(stub);
  const key = { key: "k", fingerprint: "f", ttlMs: 86_400_000 };
  const [a] = await accept(gate, request([item(["a"])], { idempotency: key }));
  await accept(gate, request([item(["a"])], { idempotency: key }));
  await accept(gate, request([item(["a"])], { idempotency: { ...key, fingerprint: "other" } }));
  await accept(gate, request([item(["a"])], { limits: { ...request([]).limits, monthlyMessages: 1 } }));
  const own = { ...key, key: "own" };
  const [b] = await accept(gate, request([item(["a"], { dedupe: own })]));
  await accept(gate, request([item(["a"], { dedupe: own })]));
  const [c] = await accept(gate, request([item(["a"])]));
  expect([await afterOf(gate, b), await afterOf(gate, c)]).toEqual([a, b]);
});

test("a commit that is rolled back leaves its lines where they were, also where it opened their table", async () => {
  const stub = freshGate();
  const gate = asGate(stub);
  // NaN is no due time to SQLite: the insert into the outbox fails after the line was moved.
  const broken = request([item(["a"], { dueAt: Number.NaN })]);
  await expect((async () => gate.accept([broken]))()).rejects.toThrow("NOT NULL");
  const [a] = await accept(gate, request([item(["a"])]));
  expect(await afterOf(gate, a)).toBeNull();
  await expect((async () => gate.accept([broken]))()).rejects.toThrow("NOT NULL");
  const [b] = await accept(gate, request([item(["a"])]));
  expect(await afterOf(gate, b)).toBe(a);
});

test("cancelling or moving one of a run leaves each of the others its own predecessor", async () => {
  const gate = asGate(freshGate());
  const first = await accept(gate, request([item(["a", "b", "c", "d"])]));
  const second = await accept(gate, request([item(["a", "b", "c", "d"])]));
  // What is cancelled goes to the planner at once, so it is looked at in the answer.
  const cancelled = await gate.cancel(second[1] ?? "");
  expect(cancelled.kind === "done" && cancelled.submission.after).toEqual([first[1]]);
  await gate.reschedule(second[2] ?? "", FAR + 5000);
  const left = [0, 2, 3];
  expect(await Promise.all(left.map((i) => afterOf(gate, second[i])))).toEqual(left.map((i) => first[i]));
  await eventually(async () => (await gate.find(second[1] ?? "")) === null);
  const { submissions } = await gate.held({ projectId: "prj_1", before: null, limit: 3 });
  expect(submissions.map((s) => s.after)).toEqual([3, 2, 0].map((i) => [first[i]]));
});

test("a line costs one row, which each of its messages writes again; a message without a line costs nothing", async () => {
  const stub = freshGate();
  const weeks = () => runInDurableObject(stub, (_, state) => state.storage.sql.exec("SELECT week FROM line_weeks").toArray());
  await accept(asGate(stub), request([item(null)]));
  expect(await weeks()).toEqual([]);
  for (let i = 0; i < 3; i++) await accept(asGate(stub), request([item(["a"])]));
  const [{ week } = { week: 0 }] = await weeks();
  const rows = await runInDurableObject(stub, (_, state) => state.storage.sql.exec(`SELECT * FROM lines_${week}`).toArray());
  expect(rows).toHaveLength(1);
});

test("a line that was still for two weeks is forgotten; one that went on is not", async () => {
  const WEEK = 7 * 86_400_000;
  await runInDurableObject(freshGate(), async (_, state) => {
    const lines = new Lines(state.storage.sql);
    const start = 3000 * WEEK + 1;
    lines.append("still", "msg_1", start);
    lines.append("moving", "msg_2", start);
    lines.append("moving", "msg_3", start + WEEK);
    lines.forget(start + WEEK);
    expect(lines.append("moving", "msg_4", start + WEEK)).toBe("msg_3");
    expect(lines.append("still", "msg_5", start + 2 * WEEK - 2)).toBe("msg_1");
    lines.forget(start + 2 * WEEK);
    expect(new Lines(state.storage.sql).append("moving", "msg_6", start + 2 * WEEK)).toBe("msg_4");
    lines.reload();
    lines.forget(start + 9 * WEEK);
    expect(lines.append("moving", "msg_7", start + 9 * WEEK)).toBeNull();
    expect(state.storage.sql.exec("SELECT COUNT(*) AS n FROM line_weeks").one().n).toBe(1);
  });
});
