import { describe, expect, test } from "vitest";
import type { Envelope } from "../core/message.ts";
import { SANDBOX_RULES, sandbox } from "./sandbox.ts";

const base = { attemptId: "att_1", messageId: "msg_1", tags: [] };
const email = (to: string): Envelope => ({ ...base, to, channel: "email", subject: "s", text: "t", attachments: [] });
const sms = (to: string): Envelope => ({ ...base, to, channel: "sms", text: "t" });
const push = (to: string): Envelope => ({ ...base, to, channel: "push", title: "t", body: "b" });

/** Outcome and signal of the first `count` tries. */
function tries(envelope: Envelope, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const { receipt, signals } = sandbox.simulate(envelope, i);
    return [receipt.outcome, ...signals.map((s) => s.type)].join("+");
  });
}

describe("sandbox", () => {
  test("delivers everything that no rule names", () => {
    for (const to of [
      email("ada@customer.example"),
      sms("+447700900123"),
      sms("+447700900099"),
      push("token-1"),
      push("fail:"),
    ]) {
      expect(tries(to, 2)).toEqual(["sent+delivered", "sent+delivered"]);
    }
  });

  test.each(SANDBOX_RULES)("$rule means the same by email, phone and token", ({ rule, phone, outcome }) => {
    const expected = tries(email(`${rule}@sandbox.test`), 4);
    expect(expected[0]).toContain(outcome);
    expect(tries(email(`${rule}+any.label@other.example`), 4)).toEqual(expected);
    expect(tries(sms(`+4477009000${phone}`), 4)).toEqual(expected);
    expect(tries(push(`fail:${rule}`), 4)).toEqual(expected);
    expect(tries(push(`fail:${rule}:device-1`), 4)).toEqual(expected);
  });

  test("fails as many tries as the destination says, then delivers", () => {
    expect(tries(email("flaky-2@sandbox.test"), 3)).toEqual(["transient", "transient", "sent+delivered"]);
    expect(tries(email("down-1@sandbox.test"), 2)).toEqual(["transient", "sent+delivered"]);
    expect(tries(push("fail:misconfigured-2"), 3)).toEqual(["misconfigured", "misconfigured", "sent+delivered"]);
    expect(tries(email("down@sandbox.test"), 50).every((o) => o === "transient")).toBe(true);
  });

  test("says later what a lost answer was, where the rule says so", () => {
    expect(tries(email("unsure@sandbox.test"), 1)).toEqual(["unknown+delivered"]);
    expect(tries(email("unknown@sandbox.test"), 2)).toEqual(["unknown", "sent+delivered"]);
  });

  test("carries the provider's own delay on throttled", () => {
    expect(sandbox.simulate(email("throttled@sandbox.test"), 0).receipt).toMatchObject({
      outcome: "throttled",
      retryAfterMs: 2000,
    });
  });

  test("has one rule a name and a phone number", () => {
    expect(new Set(SANDBOX_RULES.map((r) => r.rule)).size).toBe(SANDBOX_RULES.length);
    expect(new Set(SANDBOX_RULES.map((r) => r.phone)).size).toBe(SANDBOX_RULES.length);
  });
});
