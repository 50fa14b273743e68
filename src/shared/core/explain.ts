/** From a message as it stands to why it stands so: verdicts of the gates, what each delivery waits for, and in words. Pure. */
import type { GateReport } from "./consideration.ts";
import type { Attempt, Delivery, Message, MessageEvent } from "./message.ts";
import { type Known, recordedGates } from "./recorded-gates.ts";
import { FINAL_STATUSES } from "./status.ts";

export const WAITS_FOR = [
  "schedule",
  "backlog",
  "line",
  "turn",
  "in_doubt",
  "connections_open",
  "capped",
  "retry",
  "under_way",
  "room",
] as const;

/** What a delivery waits for. */
export interface Waiting {
  readonly for: (typeof WAITS_FOR)[number];
  /** Milliseconds since 1970; null where that is not known. */
  readonly until: number | null;
  /** With `line`: the message that it is behind. */
  readonly behind: string | null;
}

export interface ExplainedDelivery {
  readonly delivery: Delivery;
  readonly waiting: Waiting | null;
  /** One sentence. */
  readonly summary: string;
}

export interface Explanation {
  readonly gates: readonly GateReport[];
  readonly deliveries: readonly ExplainedDelivery[];
}

export function explain(known: Known): Explanation {
  const deliveries = known.message.deliveries.map((delivery): ExplainedDelivery => {
    const waiting = waitingOf(known, delivery);
    return { delivery, waiting, summary: summaryOf(known, delivery, waiting) };
  });
  return { gates: recordedGates(known), deliveries };
}

/** Whether anything may still become of a delivery. */
export function isOpen({ message, next, isHeld }: Pick<Known, "message" | "next" | "isHeld">, { n, phase }: Delivery): boolean {
  const { status } = message;
  if (status === "cancelled" || status === "expired" || status === "suppressed") return false;
  if (phase === "sent" || phase === "failed" || phase === "skipped") return false;
  // The one before may have brought what was asked for, or its turn is still to come.
  if (phase === "held") return isHeld || next.has(n) || !FINAL_STATUSES.has(status);
  return next.has(n) || !FINAL_STATUSES.has(status);
}

function waitingOf(known: Known, delivery: Delivery): Waiting | null {
  if (!isOpen(known, delivery)) return null;
  const { message, isHeld, now, turn } = known;
  const { n, phase, attempts, waiting_for: waitingFor } = delivery;
  const pack = known.next.get(n);
  const until = pack?.dueAt ?? null;
  const wait = (what: Waiting["for"], at: number | null = until, behind: string | null = null): Waiting => {
    return { for: what, until: at, behind };
  };
  if (phase === "held") return wait("turn");
  if (isHeld) return message.dueAt > now ? wait("schedule", message.dueAt) : wait("backlog", null);
  if (pack?.leaseUntil != null && pack.leaseUntil > now) return wait("under_way", null);
  if (n === 0 && turn.kind === "wait" && phase === "waiting" && attempts.length === 0) return wait("line", until, turn.behind);
  if (phase === "unknown") return wait("in_doubt");
  if (waitingFor === "connections_open" || waitingFor === "capped") return wait(waitingFor);
  return wait(attempts.length > 0 ? "retry" : "room");
}

const ORDINALS = ["zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
const ordinal = (n: number) => ORDINALS[n] ?? `${n}th`;
const iso = (ms: number) => new Date(ms).toISOString();
const viaOf = ({ provider, connection_id }: Attempt) => `${provider} (${connection_id})`;
const whyOf = ({ code, reason }: { readonly code?: string; readonly reason?: string }) =>
  [reason?.replace(/\.$/, ""), code === undefined ? undefined : `(${code})`].filter((part) => part !== undefined).join(" ");

function summaryOf({ message, now }: Known, delivery: Delivery, waiting: Waiting | null): string {
  const { attempts, phase, n } = delivery;
  const last = attempts.at(-1);
  if (waiting !== null) return `${waitText(waiting, delivery, now)}${beforeText(attempts)}.`;
  const log = message.log.filter((event) => (event.delivery ?? 0) === n);
  switch (phase) {
    case "sent": {
      if (last === undefined) return "Sent.";
      const route = last.route === undefined ? "" : `, by rule ${last.route.rule} of ${last.route.policy_id} (${last.route.why})`;
      const tries = `Sent by ${viaOf(last)} at the ${ordinal(attempts.length)} try${route}`;
      return `${tries}${beforeText(attempts.slice(0, -1))}${laterText(log)}.`;
    }
    case "skipped":
      return "Not needed: an earlier channel did it.";
    case "failed":
    case "unknown":
    case "waiting":
    case "held":
      return endText(message, delivery, log);
  }
}

/** Of a delivery that did not go out, or is not known to. */
function endText({ status, log }: Message, { phase, attempts }: Delivery, own: readonly MessageEvent[]): string {
  const doubt = phase === "unknown" ? " It may have gone out" : "";
  const tried = attempts.length === 0 ? " before any try" : ` after the ${ordinal(attempts.length)} try`;
  const ended = log.findLast(({ type }) => type === status);
  switch (status) {
    case "cancelled":
    case "expired":
    case "suppressed": {
      const why = ended === undefined ? "" : whyOf(ended);
      const word = `${status.charAt(0).toUpperCase()}${status.slice(1)}`;
      return `${word}${tried}${why === "" ? "" : `: ${why}`}${beforeText(attempts)}.${doubt === "" ? "" : `${doubt}.`}`;
    }
    case "scheduled":
    case "queued":
    case "processing":
    case "sent":
    case "delivered":
    case "failed": {
      if (phase === "held") return "Its turn did not come.";
      const failed = own.findLast(({ type }) => type === "failed") ?? ended;
      const why = failed === undefined ? "" : whyOf(failed);
      const told = own.some(({ type }) => type === "delivered") ? " The provider said later that it was delivered." : "";
      const end = phase === "unknown" ? "Left in doubt" : "Given up";
      return `${end}${tried}${why === "" ? "" : `: ${why}`}${beforeText(attempts.slice(0, -1))}.${told}`;
    }
  }
}

function waitText({ for: what, until, behind }: Waiting, { n, attempts, phase }: Delivery, now: number): string {
  const at = until === null ? "" : until <= now ? ", due now" : ` until ${iso(until)}`;
  switch (what) {
    case "schedule":
      return `Waits in its gate${at}`;
    case "backlog":
      return "Due, and held in its gate while what came before it is carried";
    case "line":
      return `Waits in its line behind ${behind}`;
    case "turn":
      return until === null
        ? `Its turn comes after delivery ${n - 1}`
        : `Its turn comes at ${iso(until)}, unless it is not needed by then`;
    case "in_doubt":
      return `In doubt${at}: nobody knows whether it went out, and the provider's own word, or the delivery option, decides`;
    case "connections_open":
      return `Waits${at}: every connection that could carry it has an open breaker or asked for quiet`;
    case "capped":
      return `Waits${at}: what the routing policy lets through is used up`;
    case "retry":
      return `Tried ${attempts.length} time${attempts.length === 1 ? "" : "s"}; the next try is ${until === null ? "to come" : `at ${iso(until)}`}`;
    case "under_way":
      return phase === "unknown" ? "It is being settled at this moment" : "It is being sent at this moment";
    case "room":
      return `Waits for its place on the way out${at}: for a consumer, or for room under a limit`;
  }
}

/** What was tried before, newest first: at most three. */
function beforeText(before: readonly Attempt[]): string {
  if (before.length === 0) return "";
  const told = before.toReversed().slice(0, 3);
  const words = told.map(
    (attempt) => `${viaOf(attempt)} answered ${attempt.outcome}${attempt.code === undefined ? "" : ` (${attempt.code})`}`,
  );
  const more = before.length > told.length ? `, and ${before.length - told.length} more` : "";
  return `; before that ${words.join(", ")}${more}`;
}

/** The latest that the outside has said. */
function laterText(log: readonly MessageEvent[]): string {
  const said = log.findLast(({ type }) => TOLD.has(type));
  return said === undefined ? "" : `; ${said.type} at ${iso(said.at)}`;
}

const TOLD: ReadonlySet<MessageEvent["type"]> = new Set([
  "delivered",
  "opened",
  "clicked",
  "bounced",
  "complained",
  "unsubscribed",
  "failed",
]);
