import { expect, test } from "vitest";
import type { Delivery, Receipt } from "./message.ts";
import { DEFAULT_RETRY, nextTry } from "./retry.ts";
import { settleTry, type TryInput } from "./settlement.ts";
import { DEFAULT_TIMING } from "./timing.ts";
import { MOST_CRASHES, settleAbandoned, settleFault, settleWait } from "./untried.ts";

const { inDoubtWaitMs, faultWaitMs } = DEFAULT_TIMING;

const delivery: Delivery = { n: 0, channel: "email", destination: "a@b.example", due_at: 1000, phase: "waiting", attempts: [] };
const input = (receipt: Receipt, over: Partial<TryInput> = {}): TryInput => ({
  delivery,
  connectionId: "con_1",
  provider: "ses",
  attemptId: "att_1",
  idempotent: false,
  receipt,
  startedAt: 2000,
  now: 2100,
  guarantee: "at_least_once",
  policy: DEFAULT_RETRY,
  expiresAt: null,
  mayFailOver: () => false,
  inDoubtWaitMs,
  random: 0.5,
  ...over,
});
const failed = (outcome: Exclude<Receipt["outcome"], "sent">, retryAfterMs?: number): Receipt => ({
  outcome,
  code: "E1",
  reason: "because",
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

test("a yes ends the delivery as sent, with the provider's id", () => {
  const s = settleTry(input({ outcome: "sent", providerMessageId: "p-1" }));
  expect(s).toMatchObject({ status: "sent", again: null, dead: null, delivery: { phase: "sent" } });
  expect(s.delivery.attempts[0]).toMatchObject({ outcome: "sent", provider_message_id: "p-1", n: 1, ms: 100 });
  expect(s.events.map((e) => e.type)).toEqual(["attempted", "sent"]);
});

test("a permanent no and a dead address end at once in a dead letter", () => {
  for (const outcome of ["permanent", "recipient_invalid"] as const) {
    expect(settleTry(input(failed(outcome)))).toMatchObject({
      status: "failed",
      again: null,
      dead: { code: "E1", reason: "because" },
    });
  }
});

test("a passing failure is tried again within the step of its try", () => {
  for (const outcome of ["transient", "throttled", "misconfigured"] as const) {
    const s = settleTry(input(failed(outcome)));
    expect(s).toMatchObject({ status: "queued", dead: null, delivery: { phase: "waiting" } });
    expect(s.again).toBe(2100 + 5000);
  }
});

test("a provider's Retry-After is a floor", () => {
  expect(settleTry(input(failed("throttled", 120_000))).again).toBe(2100 + 120_000);
});

test("after the whole time, the last failure is a dead letter", () => {
  const s = settleTry(input(failed("transient"), { now: 1000 + DEFAULT_RETRY.totalSeconds * 1000 }));
  expect(s).toMatchObject({ status: "failed", dead: { code: "E1" } });
});

test("a try that could only come after expires_at is not made", () => {
  expect(settleTry(input(failed("transient"), { expiresAt: 2500 }))).toMatchObject({ again: null, status: "failed" });
});

test("an unclear answer waits for the provider's own event, shown as unknown", () => {
  const s = settleTry(input(failed("unknown")));
  expect(s).toMatchObject({ again: 2100 + inDoubtWaitMs, delivery: { phase: "unknown" }, status: "queued" });
});

test("an unclear answer is tried again by the usual steps where the provider takes an idempotency key", () => {
  expect(settleTry(input(failed("unknown"), { idempotent: true }))).toMatchObject({
    again: 7100,
    delivery: { phase: "unknown" },
  });
});

test("at_most_once gives up rather than risk a second send", () => {
  expect(settleTry(input(failed("unknown"), { guarantee: "at_most_once" }))).toMatchObject({
    again: null,
    dead: { code: "in_doubt" },
    delivery: { phase: "unknown" },
  });
});

test("a delivery whose holder died waits, then its option decides", () => {
  const died = { now: 5000, guarantee: "at_least_once", died: true, inDoubtWaitMs } as const;
  const first = settleAbandoned(delivery, died);
  if (first === "send_again") throw new Error("it waits first");
  expect(first).toMatchObject({ again: 5000 + inDoubtWaitMs, delivery: { phase: "unknown" }, dead: null });
  const waited = { ...died, now: 70_000, died: false };
  expect(settleAbandoned(first.delivery, waited)).toBe("send_again");
  expect(settleAbandoned(first.delivery, { ...waited, guarantee: "at_most_once" })).toMatchObject({
    dead: { code: "in_doubt" },
    delivery: { phase: "unknown" },
  });
});

test("whoever dies again with a delivery in doubt makes it wait again, and after five it is poison", () => {
  let now = delivery;
  for (let i = 1; i <= MOST_CRASHES; i++) {
    const settled = settleAbandoned(now, { now: i * 100_000, guarantee: "at_least_once", died: true, inDoubtWaitMs });
    if (settled === "send_again") throw new Error("it waits");
    expect(settled).toMatchObject({ dead: null, delivery: { crashes: i } });
    now = settled.delivery;
  }
  expect(settleAbandoned(now, { now: 1e6, guarantee: "at_least_once", died: true, inDoubtWaitMs })).toMatchObject({
    dead: { code: "consumer_crashed" },
    delivery: { phase: "unknown" },
  });
});

test("a refusal that may fail over goes on at once, and uses up no try of the policy", () => {
  const s = settleTry(input(failed("transient"), { mayFailOver: (outcome) => outcome === "transient" }));
  expect(s).toMatchObject({ again: "over", dead: null, status: "queued", delivery: { phase: "waiting" } });
  expect(s.delivery.attempts[0]).toMatchObject({ outcome: "transient", failed_over: true });
  expect(s.events.map((e) => [e.type, e.code])).toEqual([
    ["attempted", undefined],
    ["deferred", "failed_over"],
  ]);
  // The next one fails where nobody is left: its wait is that of a first try.
  expect(settleTry(input(failed("transient"), { delivery: s.delivery })).again).toBe(2100 + 5000);
});

test("an answer that never came is never failed over", () => {
  expect(settleTry(input(failed("unknown"), { mayFailOver: () => true }))).toMatchObject({ delivery: { phase: "unknown" } });
});

test("a planned wait is told once, is no try, and ends with the whole time", () => {
  const wait = { until: 60_000, code: "connections_open", reason: "con_1 is open" } as const;
  const first = settleWait(delivery, wait, { now: 2000, policy: DEFAULT_RETRY });
  expect(first).toMatchObject({ again: 60_000, dead: null, delivery: { waiting_for: "connections_open", attempts: [] } });
  if (first === null) throw new Error("it is told");
  expect(settleWait(first.delivery, { ...wait, until: 120_000 }, { now: 60_000, policy: DEFAULT_RETRY })).toBeNull();
  expect(settleTry(input(failed("transient"), { delivery: first.delivery })).delivery.waiting_for).toBeUndefined();
  const late = { ...wait, until: 1001 + DEFAULT_RETRY.totalSeconds * 1000 };
  expect(settleWait(first.delivery, late, { now: 60_000, policy: DEFAULT_RETRY })).toMatchObject({
    dead: { code: "connections_open" },
  });
});

test("waits for room and for a turn write nothing", () => {
  for (const code of ["rate_limited", "ordering"] as const) {
    expect(settleWait(delivery, { until: 3000, code, reason: "" }, { now: 2000, policy: DEFAULT_RETRY })).toBeNull();
  }
});

test("tries are spread over the whole step, grow to an hour and end within a day", () => {
  const at = (tries: number, random: number) => nextTry({ policy: DEFAULT_RETRY, tries, since: 0, now: 0, random });
  expect(at(1, 0)).toBe(1000);
  expect(at(1, 0.999)).toBe(9990);
  expect(at(4, 0.5)).toBe(300_000);
  expect(at(30, 0.5)).toBe(1_800_000);
  expect(nextTry({ policy: DEFAULT_RETRY, tries: 30, since: 0, now: 86_399_000, random: 0.5 })).toBeNull();
});

test("a replay starts its steps afresh, whatever went before", () => {
  const old = { n: 1, id: "att_1", connection_id: "con_1", provider: "ses", at: 10, ms: 1, outcome: "transient" } as const;
  const replayed = { ...delivery, due_at: 1000, attempts: Array.from({ length: 9 }, () => old) };
  expect(settleTry(input(failed("transient"), { delivery: replayed })).again).toBe(2100 + 5000);
});

test("a fault of ours costs no try, and ends only when the whole time is up", () => {
  const early = settleFault(delivery, { now: 5000, policy: DEFAULT_RETRY, reason: "D1 is away", faultWaitMs });
  expect(early).toMatchObject({ again: 35_000, dead: null, delivery: { attempts: [] } });
  const late = settleFault(delivery, {
    now: 1000 + DEFAULT_RETRY.totalSeconds * 1000,
    policy: DEFAULT_RETRY,
    reason: "D1 is away",
    faultWaitMs,
  });
  expect(late).toMatchObject({ again: null, dead: { code: "internal_error" } });
});
