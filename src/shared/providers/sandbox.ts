/**
 * The sandbox: carries every channel, sends nothing, and answers by rule, so that every outcome can be had
 * on demand. The destination picks the rule; any other destination is `delivered`.
 *
 *     email      the local part           bounced@sandbox.test, flaky-2+label@anything.example
 *     phone      the last two digits of   +4477009000NN (a range that Ofcom reserves for drama)
 *     any other  a prefix                 fail:invalid, fail:flaky-2:device-1
 *
 * A failing rule takes a count: `down-3` fails the first three tries, and the next one is `delivered`.
 */
import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import type { Envelope, Receipt } from "../core/message.ts";
import type { SandboxProvider, SandboxSignal } from "./provider.ts";

export interface SandboxRule {
  readonly rule: string;
  /** NN of +4477009000NN. */
  readonly phone: string;
  readonly outcome: Receipt["outcome"];
  /** What the outside says afterwards, if anything. */
  readonly signal: SandboxSignal["type"] | null;
  /** How many tries meet this outcome before one is `delivered`, unless the destination counts; null for all. */
  readonly tries: number | null;
  readonly retryAfterMs?: number;
  readonly what: string;
}

/** Every rule, in the order in which the docs show them. */
export const SANDBOX_RULES: readonly SandboxRule[] = [
  { rule: "delivered", phone: "00", outcome: "sent", signal: "delivered", tries: null, what: "Sent, then delivered." },
  { rule: "bounced", phone: "01", outcome: "sent", signal: "bounced", tries: null, what: "Sent, then bounced for good." },
  { rule: "rejected", phone: "02", outcome: "permanent", signal: null, tries: null, what: "Refused for good at once." },
  { rule: "invalid", phone: "03", outcome: "recipient_invalid", signal: null, tries: null, what: "No such recipient." },
  { rule: "misconfigured", phone: "04", outcome: "misconfigured", signal: null, tries: null, what: "The account is at fault." },
  {
    rule: "throttled",
    phone: "05",
    outcome: "throttled",
    signal: null,
    tries: 1,
    retryAfterMs: 2000,
    what: "The first try is throttled for 2 s, then delivered.",
  },
  {
    rule: "down",
    phone: "06",
    outcome: "transient",
    signal: null,
    tries: null,
    what: "Never works, and always asks to try again.",
  },
  {
    rule: "unknown",
    phone: "07",
    outcome: "unknown",
    signal: null,
    tries: 1,
    what: "The first answer is lost; nothing was sent.",
  },
  {
    rule: "unsure",
    phone: "08",
    outcome: "unknown",
    signal: "delivered",
    tries: 1,
    what: "The first answer is lost, and delivery is reported afterwards.",
  },
  { rule: "silent", phone: "09", outcome: "sent", signal: null, tries: null, what: "Sent, and nothing is heard of it again." },
  { rule: "flaky", phone: "10", outcome: "transient", signal: null, tries: 1, what: "The first try fails, then delivered." },
  {
    rule: "flaky-2",
    phone: "12",
    outcome: "transient",
    signal: null,
    tries: 2,
    what: "The first two tries fail, then delivered.",
  },
  {
    rule: "flaky-3",
    phone: "13",
    outcome: "transient",
    signal: null,
    tries: 3,
    what: "The first three tries fail, then delivered.",
  },
];

const DELIVERED: Omit<SandboxRule, "rule" | "phone" | "what"> = { outcome: "sent", signal: "delivered", tries: null };

export const sandbox: SandboxProvider = {
  kind: "sandbox",
  id: "sandbox",
  name: "Sandbox",
  channels: CHANNELS,
  credentials: z.strictObject({}),
  settings: z.strictObject({}),
  simulate(envelope, tries) {
    const found = ruleOf(envelope);
    const { outcome, signal, retryAfterMs } = found.tries === null || tries < found.tries ? found : DELIVERED;
    const signals = signal === null ? [] : [{ type: signal, reason: "sandbox" }];
    if (outcome === "sent") return { receipt: { outcome, providerMessageId: `sandbox-${envelope.attemptId}` }, signals };
    return { receipt: { outcome, code: `sandbox_${outcome}`, reason: "The sandbox was asked for this.", retryAfterMs }, signals };
  },
};

function ruleOf(envelope: Envelope): Omit<SandboxRule, "rule" | "phone" | "what"> {
  const phone = /^\+4477009000(\d\d)$/.exec(envelope.to)?.[1];
  if (phone !== undefined) return SANDBOX_RULES.find((r) => r.phone === phone) ?? DELIVERED;
  const name = envelope.channel === "email" ? /^[^@+]*/.exec(envelope.to)?.[0] : /^fail:([^:]*)/.exec(envelope.to)?.[1];
  if (name === undefined) return DELIVERED;
  const exact = SANDBOX_RULES.find((r) => r.rule === name);
  if (exact) return exact;
  const counted = /^([a-z]+)-(\d{1,3})$/.exec(name);
  const rule = counted && SANDBOX_RULES.find((r) => r.rule === counted[1]);
  return rule && rule.outcome !== "sent" ? { ...rule, tries: Number(counted[2]) } : DELIVERED;
}
