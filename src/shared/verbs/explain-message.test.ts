import { expect, test } from "vitest";
import type { Fitness } from "../core/breaker.ts";
import type { Submission } from "../core/message.ts";
import type { Carried } from "../ports/carrier.ts";
import { no, SHARD, type Stage, scriptedHealth, shardOf, stage, submission, yes } from "../testing/stage.ts";
import { makeDesk } from "./desk.ts";
import { explainMessage } from "./explain-message.ts";
import { plan } from "./plan.ts";
import { record } from "./record.ts";

const SENDERS = ["a@acme.example", "b@acme.example"];

async function planned(s: Stage, over: Partial<Submission> = {}): Promise<string> {
  const sub = submission(s.world, over);
  await plan(s.deps, s.world.tenantId, [sub]);
  return sub.first;
}

function explained(s: Stage, id: string) {
  return explainMessage({ ...s.deps, desk: makeDesk(s.deps) }, { ...s.world, gateShards: 1 }, id);
}

const nothingBack: Carried = { kind: "unknown", reason: "The connection was lost." };

test("a delivery says over whom it went, and who refused it before", async () => {
  const s = await stage(({ from }) => (from === SENDERS[0] ? no(429, "TooManyRequestsException") : yes()), {}, SENDERS);
  const id = await planned(s);
  await s.ring();
  const [a, b] = s.connections;
  const { deliveries, gates, considered } = await explained(s, id);
  expect(deliveries[0]?.summary).toBe(
    `Sent by ses (${b}) at the second try; before that ses (${a}) answered throttled (TooManyRequestsException).`,
  );
  expect(deliveries[0]?.waiting).toBeNull();
  expect(gates.at(-1)).toMatchObject({ gate: "routing", verdict: "pass", input: { connections: [a, b] } });
  expect(considered.size).toBe(0);
  await record(s.deps, s.world.tenantId, SHARD, [{ message_id: id, key: "b", type: "bounced", at: s.clock.now, delivery: 0 }]);
  expect((await explained(s, id)).deliveries[0]?.summary).toContain("; bounced at ");
});

test("what waits for its breakers says until when, and with which it would go now", async () => {
  const standing = new Map<string, Fitness>();
  const { health } = scriptedHealth((id) => standing.get(id) ?? { kind: "fit" });
  const s = await stage(yes, { health }, SENDERS);
  const [a = "", b = ""] = s.connections;
  const until = s.clock.now + 60_000;
  for (const id of [a, b]) standing.set(id, { kind: "unfit", until, code: "http_503", reason: "away" });
  const id = await planned(s);
  await s.ring();
  const sick = await explained(s, id);
  expect(sick.deliveries[0]).toMatchObject({ waiting: { for: "connections_open", until } });
  expect(sick.gates.at(-1)).toMatchObject({ gate: "routing", verdict: "wait", code: "connections_open" });
  expect(sick.considered.get(0)).toMatchObject({ verdict: "wait", code: "connections_open", until, connection_id: null });
  expect(sick.considered.get(0)?.candidates.map((c) => [c.verdict, c.code, c.until])).toEqual([
    ["open", "http_503", until],
    ["open", "http_503", until],
  ]);
  standing.delete(b);
  expect((await explained(s, id)).considered.get(0)).toMatchObject({ verdict: "go", connection_id: b });
});

test("a retry, a doubt and a place in a line say what they wait for", async () => {
  let answer: Carried = no(503, "ServiceUnavailable");
  const s = await stage(() => answer);
  const retried = await planned(s);
  const second = await planned(s, {
    after: [retried],
    order: { request_id: "r", content: { email: { subject: "S", text: "T" } }, ordering_key: "k" },
  });
  await s.ring();
  const late = await explained(s, retried);
  const next = late.deliveries[0]?.waiting?.until ?? 0;
  expect(late.deliveries[0]).toMatchObject({ waiting: { for: "retry", behind: null } });
  expect(next).toBeGreaterThan(s.clock.now);
  expect(late.deliveries[0]?.summary).toMatch(
    /^Tried 1 time; the next try is at .*; before that ses \(con_\w+\) answered transient/,
  );
  const behind = await explained(s, second);
  expect(behind.deliveries[0]).toMatchObject({ waiting: { for: "line", behind: retried } });
  expect(behind.gates.at(-1)).toMatchObject({ gate: "ordering", verdict: "wait", input: { after: retried, ordering_key: "k" } });

  answer = nothingBack;
  const doubted = await planned(s);
  await s.ring();
  const doubt = await explained(s, doubted);
  expect(doubt.deliveries[0]).toMatchObject({ waiting: { for: "in_doubt" } });
  expect(doubt.deliveries[0]?.summary).toMatch(/^In doubt until .*nobody knows whether it went out/);
});

test("of a plan, the address in its time, the one whose turn comes, and the one that was not needed each say so", async () => {
  const s = await stage(yes);
  const base = submission(s.world);
  const id = await planned(s, {
    order: { ...base.order, plan: { mode: "escalate", until: "opened", after_seconds: 600 } },
    to: [{ channel: "email", destination: "a@example.com", also: [{ channel: "email", destination: "b@example.com" }] }],
  });
  await s.ring(s.bells.splice(0));
  const waits = await explained(s, id);
  const turn = s.clock.now + 600_000;
  expect(waits.deliveries.map((d) => d.waiting)).toEqual([null, { for: "turn", until: turn, behind: null }]);
  expect(waits.deliveries[1]?.summary).toBe(
    `Its turn comes at ${new Date(turn).toISOString()}, unless it is not needed by then.`,
  );
  expect([...waits.considered.keys()]).toEqual([1]);
  await record(s.deps, s.world.tenantId, SHARD, [{ message_id: id, key: "o", type: "opened", at: s.clock.now, delivery: 0 }]);
  expect((await explained(s, id)).considered.get(1)).toMatchObject({ verdict: "stop", code: "not_needed" });
  s.clock.now = turn;
  await s.ring();
  const done = await explained(s, id);
  expect(done.deliveries[1]).toMatchObject({ waiting: null, summary: "Not needed: an earlier channel did it." });
  expect(done.gates.at(-1)).toMatchObject({ gate: "turn", verdict: "stop", delivery: 1, code: "not_needed" });
});

test("what was given up says why, and nothing of it is written by asking", async () => {
  const s = await stage(() => no(400, "MessageRejected"));
  const [id, bare] = [await planned(s), await planned(s, { order: { request_id: "r", content: { sms: { text: "x" } } } })];
  await s.ring();
  const rows = () =>
    Promise.all(["messages", "packs", "dead_letters"].map((table) => shardOf(s.deps).prepare(`SELECT * FROM ${table}`).all()));
  const before = (await rows()).map(({ results }) => results);
  const [refused, empty] = [await explained(s, id), await explained(s, bare)];
  expect(refused.deliveries[0]?.summary).toMatch(/^Given up after the first try: no \(MessageRejected\)\.$/);
  expect(empty.deliveries[0]?.summary).toMatch(/^Given up before any try: .*\(no_content\)\.$/);
  expect(empty.gates.at(-1)).toMatchObject({ gate: "content", verdict: "stop", code: "no_content" });
  expect((await rows()).map(({ results }) => results)).toEqual(before);
});
