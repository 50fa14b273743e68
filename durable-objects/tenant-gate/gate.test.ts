import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { parseMessageId } from "../../src/shared/core/ids.ts";
import { gateName } from "../../src/shared/core/placement.ts";
import type { AcceptRequest, Gate } from "../../src/shared/ports/gate.ts";
import type { TenantGate } from "./index.ts";

const namespace = (env as unknown as { TENANT_GATE: DurableObjectNamespace<TenantGate> }).TENANT_GATE;
let tenants = 0;
const freshGate = () => namespace.getByName(gateName(`ten_gate_test_${tenants++}`, 2));
const asGate = (stub: DurableObjectStub<TenantGate>): Gate => stub as unknown as Gate;

const FAR = Date.UTC(2040, 0, 1);

function request(over: Partial<AcceptRequest> & { count?: number; dueAt?: number; to?: string } = {}): AcceptRequest {
  const { count = 1, dueAt = FAR, to = "a@b.example", ...rest } = over;
  const text = JSON.stringify({
    project_id: "prj_1",
    mode: "live",
    priority: "normal",
    accepted_at: 1000,
    due_at: dueAt,
    expires_at: null,
    order: { request_id: "req_1", content: { email: { subject: "s", text: "t" } } },
    to: Array.from({ length: count }, (_, i) => ({ channel: "email", destination: `${i}${to}` })),
  }).slice(1);
  return {
    requestId: "req_1",
    keyId: "key_1",
    limits: { tenant: { ratePerSecond: 1000, burst: 10_000 }, key: null, monthlyMessages: null, criticalExempt: true },
    critical: false,
    dbShards: [1],
    idempotency: null,
    echo: "",
    items: [{ lane: "standard", dueAt, count, text, dedupe: null, line: null }],
    ...rest,
  };
}

async function acceptFirst(gate: Gate, r: AcceptRequest): Promise<string> {
  const [result] = await gate.accept([r]);
  const item = result?.kind === "accepted" ? result.items[0] : undefined;
  if (item?.kind !== "accepted") throw new Error(`not accepted: ${JSON.stringify(result)}`);
  return item.first;
}

test("what was accepted survives an eviction: message, key, tokens and alarm", async () => {
  const stub = freshGate();
  const key = { key: "k", fingerprint: "f", ttlMs: 86_400_000 };
  const id = await acceptFirst(asGate(stub), request({ idempotency: key }));
  expect(parseMessageId(id)).toMatchObject({ dbShard: 1, gateShard: 2 });
  await evictDurableObject(stub);
  expect((await asGate(stub).find(id))?.to[0]?.destination).toBe("0a@b.example");
  const [again] = await asGate(stub).accept([request({ idempotency: key })]);
  expect(again).toMatchObject({ kind: "accepted", replayed: true, items: [{ first: id }] });
  expect(await runInDurableObject(stub, (_, state) => state.storage.getAlarm())).not.toBeNull();
});

test("a key with another body is a conflict, before and after an eviction", async () => {
  const stub = freshGate();
  await acceptFirst(asGate(stub), request({ idempotency: { key: "k", fingerprint: "f", ttlMs: 1e6 } }));
  const other = request({ idempotency: { key: "k", fingerprint: "g", ttlMs: 1e6 } });
  expect(await asGate(stub).accept([other])).toEqual([{ kind: "conflict" }]);
  await evictDurableObject(stub);
  expect(await asGate(stub).accept([other])).toEqual([{ kind: "conflict" }]);
});

test("a commit that fails grants nothing: no key, no message, no token", async () => {
  const stub = freshGate();
  const broken = request({ idempotency: { key: "k", fingerprint: "f", ttlMs: 1e6 } });
  const item = broken.items[0];
  if (!item) throw new Error("no item");
  // NaN is no due time to SQLite: the insert into the outbox fails after the key was kept.
  const failing = { ...broken, items: [{ ...item, dueAt: Number.NaN }] };
  // An RPC promise is callable, so it is wrapped: else `expect` takes it for a function.
  await expect((async () => asGate(stub).accept([failing]))()).rejects.toThrow("NOT NULL");
  const [result] = await asGate(stub).accept([broken]);
  expect(result).toMatchObject({ kind: "accepted", replayed: false, rate: { remaining: 9999 } });
  expect(await asGate(stub).stats()).toMatchObject({ held: 1 });
});

test("cancelling one of a thousand leaves the others as they are", async () => {
  const gate = asGate(freshGate());
  const first = await acceptFirst(gate, request({ count: 1000 }));
  const ids = (await gate.held({ projectId: "prj_1", before: null, limit: 1000 })).submissions.map((s) => s.first);
  expect(ids).toHaveLength(1000);
  expect(ids.at(-1)).toBe(first);
  const victim = ids[500] ?? "";
  expect((await gate.cancel(victim)).kind).toBe("done");
  for (const id of [ids[499], ids[501], ids[0], ids[999]]) expect((await gate.find(id ?? ""))?.cancelled_at).toBeUndefined();
});

test("held messages are listed newest first, page by page, each exactly once", async () => {
  const gate = asGate(freshGate());
  for (let i = 0; i < 7; i++) await gate.accept([request({ count: 3 }), request({ count: 2, dueAt: FAR + i })]);
  const seen: string[] = [];
  for (let before: string | null = null; ; ) {
    const { submissions } = await gate.held({ projectId: "prj_1", before, limit: 4 });
    seen.push(...submissions.map((s) => s.first));
    if (submissions.length < 4) break;
    before = submissions.at(-1)?.first ?? null;
  }
  expect(seen).toHaveLength(35);
  expect(new Set(seen).size).toBe(35);
  expect(seen).toEqual([...seen].sort().reverse());
  expect((await gate.held({ projectId: "prj_other", before: null, limit: 10 })).submissions).toEqual([]);
});

test("a rescheduled message keeps its id and takes its new time", async () => {
  const gate = asGate(freshGate());
  const id = await acceptFirst(gate, request());
  expect(await gate.reschedule(id, FAR + 5000)).toMatchObject({ kind: "done" });
  expect((await gate.find(id))?.due_at).toBe(FAR + 5000);
});

test("a revoked key is refused at once and after an eviction", async () => {
  const stub = freshGate();
  await acceptFirst(asGate(stub), request());
  await asGate(stub).revoke("key_1");
  expect(await asGate(stub).accept([request()])).toEqual([{ kind: "revoked" }]);
  await evictDurableObject(stub);
  expect(await asGate(stub).accept([request()])).toEqual([{ kind: "revoked" }]);
});

test("requests of one call are decided one after the other: the second sees what the first took", async () => {
  const gate = asGate(freshGate());
  const limits = { tenant: { ratePerSecond: 1, burst: 1 }, key: null, monthlyMessages: null, criticalExempt: true };
  const key = { key: "same", fingerprint: "f", ttlMs: 1e6 };
  const results = await gate.accept([
    request({ limits, idempotency: key }),
    request({ limits, idempotency: key }),
    request({ limits }),
  ]);
  expect(results.map((r) => (r.kind === "accepted" ? r.replayed : r.kind))).toEqual([false, true, "rate_limited"]);
});

test("keys are forgotten by the day, and only after their time", async () => {
  const stub = freshGate();
  const day = 86_400_000;
  await asGate(stub).accept([request({ idempotency: { key: "old", fingerprint: "f", ttlMs: -2 * day } })]);
  await asGate(stub).accept([request({ idempotency: { key: "new", fingerprint: "f", ttlMs: day } })]);
  const days = () => runInDurableObject(stub, (_, state) => state.storage.sql.exec("SELECT COUNT(*) AS n FROM key_days").one().n);
  expect(await days()).toBe(2);
  await runDurableObjectAlarm(stub);
  expect(await days()).toBe(1);
  expect(await asGate(stub).accept([request({ idempotency: { key: "new", fingerprint: "f", ttlMs: day } })])).toMatchObject([
    { replayed: true },
  ]);
});
