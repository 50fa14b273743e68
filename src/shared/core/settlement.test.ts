import { expect, test } from "vitest";
import type { Delivery, Receipt } from "./message.ts";
import { DEFAULT_RETRY, nextTry } from "./retry.ts";
import { IN_DOUBT_WAIT_MS, settleAbandoned, settleFault, settleTry, type TryInput } from "./settlement.ts";

const delivery: Delivery = { n: 0, channel: "email", destination: "a@b.example", due_at: 1000, phase: "waiting", attempts: [] };
const input = (receipt: Receipt, over: Partial<TryInput> = {}): TryInput => ({
  messageId: "msg_01KAAAAAAAAAAAAAAAAAAAAAAA",
  delivery,
  connectionId: "con_1",
  provider: "ses",
  idempotent: false,
  receipt,
  startedAt: 2000,
  now: 2100,
  guarantee: "at_least_once",
  policy: DEFAULT_RETRY,
  expiresAt: null,
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
  expect(s).toMatchObject({ again: 2100 + IN_DOUBT_WAIT_MS, delivery: { phase: "unknown" }, status: "queued" });
});

test("an unclear answer is tried again by the usual steps where the provider takes an idempotency key", () => {
  expect(settleTry(input(failed("unknown"), { idempotent: true }))).toMatchObject({
    again: 7100,
    delivery: { phase: "waiting" },
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
  const first = settleAbandoned(delivery, { now: 5000, guarantee: "at_least_once" });
  if (first === "send_again") throw new Error("it waits first");
  expect(first).toMatchObject({ again: 5000 + IN_DOUBT_WAIT_MS, delivery: { phase: "unknown" }, dead: null });
  expect(settleAbandoned(first.delivery, { now: 70_000, guarantee: "at_least_once" })).toBe("send_again");
  expect(settleAbandoned(first.delivery, { now: 70_000, guarantee: "at_most_once" })).toMatchObject({
    dead: { code: "in_doubt" },
  });
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
  const early = settleFault(delivery, { now: 5000, policy: DEFAULT_RETRY, reason: "D1 is away" });
  expect(early).toMatchObject({ again: 35_000, dead: null, delivery: { attempts: [] } });
  const late = settleFault(delivery, {
    now: 1000 + DEFAULT_RETRY.totalSeconds * 1000,
    policy: DEFAULT_RETRY,
    reason: "D1 is away",
  });
  expect(late).toMatchObject({ again: null, dead: { code: "internal_error" } });
});
