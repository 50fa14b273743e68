/** Cross-channel plans: one message, several channels, one after the other until one of them did it. Pure. */
import type { Delivery, MessageEvent, Plan } from "./message.ts";

export const ROUTING_MODES = ["all", "first", "escalate", "smart"] as const;
export const UNTIL = ["delivered", "opened", "read"] as const;
/** With `first`: how long a bounce may take to be told. With `escalate`: how long people are given. */
export const DEFAULT_AFTER_SECONDS: Record<Plan["mode"], number> = { first: 300, escalate: 600 };

/** Which delivery is next in its turn once delivery `n` was sent or given up, and when; null where there is none. */
export function nextInPlan(
  plan: Plan | undefined,
  deliveries: readonly Delivery[],
  n: number,
  came: "sent" | "failed",
  now: number,
): { readonly n: number; readonly at: number } | null {
  if (plan === undefined) return null;
  const next = deliveries.find((d) => d.n > n && d.phase === "held");
  if (next === undefined) return null;
  return { n: next.n, at: came === "failed" ? now : now + plan.after_seconds * 1000 };
}

const ANSWERS: Record<Plan["until"], ReadonlySet<MessageEvent["type"]>> = {
  delivered: new Set(["delivered", "opened", "clicked"]),
  opened: new Set(["opened", "clicked"]),
  read: new Set(["opened", "clicked"]),
};
const REFUSALS: ReadonlySet<MessageEvent["type"]> = new Set(["failed", "bounced", "suppressed"]);

/**
 * Whether delivery `n` is still wanted, by what the log says of those before it: with `first`, as long as none of them is
 * out without having failed since; with `escalate`, as long as none of them has brought what is waited for.
 */
export function isWanted(
  plan: Plan | undefined,
  deliveries: readonly Delivery[],
  n: number,
  log: readonly MessageEvent[],
): boolean {
  if (plan === undefined || n === 0) return true;
  const before = deliveries.filter((d) => d.n < n);
  if (plan.mode === "escalate") return !log.some((e) => (e.delivery ?? 0) < n && ANSWERS[plan.until].has(e.type));
  const failed = new Set(log.filter((e) => REFUSALS.has(e.type)).map((e) => e.delivery ?? 0));
  return !before.some((d) => d.phase === "sent" && !failed.has(d.n));
}

/** Whether the outside has said something that settles delivery `n`: of a message with several, the status is that of all. */
export function isKnownSent(log: readonly MessageEvent[], n: number): boolean {
  return log.some((e) => e.delivery === n && (e.type === "sent" || ANSWERS.delivered.has(e.type) || e.type === "bounced"));
}
