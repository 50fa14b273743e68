/** The verdicts of the gates on a message that was accepted, as its log and its deliveries have kept them. Pure. */
import type { GateReport } from "./consideration.ts";
import type { Delivery, Message, MessageEvent, Order } from "./message.ts";
import type { Turn } from "./ordering.ts";

/** All that is known of a message. Times are milliseconds since 1970. */
export interface Known {
  readonly message: Message;
  /** Null where it is gone. */
  readonly order: Order | null;
  /** Its gate still has it. */
  readonly isHeld: boolean;
  readonly now: number;
  /** By delivery, when it is tried next; none for what is not in a pack. */
  readonly next: ReadonlyMap<number, { readonly dueAt: number; readonly leaseUntil: number | null }>;
  /** Where it stands in a line. */
  readonly turn: Turn;
}

type Verdict = GateReport["verdict"];
const iso = (ms: number) => new Date(ms).toISOString();

function report(gate: GateReport["gate"], verdict: Verdict, detail: string, rest: Partial<GateReport> = {}): GateReport {
  return { gate, delivery: null, verdict, input: {}, code: null, detail, ...rest };
}

/** Gates that were not reached are not among them. */
export function recordedGates(known: Known): GateReport[] {
  const { message, order, isHeld, now } = known;
  const { log, dueAt, createdAt, expiresAt } = message;
  const times = { created_at: iso(createdAt), due_at: iso(dueAt) };
  const cancelled = log.find((event) => event.type === "cancelled" && event.delivery === undefined);
  const gates: GateReport[] = [];
  if (isHeld && message.status !== "cancelled" && message.status !== "expired") {
    const held =
      dueAt > now ? `It waits in its gate until ${iso(dueAt)}.` : "It is due, and waits in its gate for those before it.";
    return [report("schedule", "wait", held, { input: times })];
  }
  gates.push(
    report("schedule", "pass", dueAt > createdAt ? `It was due at ${iso(dueAt)}.` : "It was due at once.", { input: times }),
  );
  if (cancelled !== undefined) {
    gates.push(report("cancelled", "stop", `It was cancelled at ${iso(cancelled.at)}.`, { code: "cancelled" }));
  }
  const expired = log.find((event) => event.type === "expired");
  gates.push(
    expired === undefined
      ? report("expired", "pass", expiresAt === null ? "It has no ttl_seconds." : "It had time.", {
          input: { expires_at: expiresAt === null ? null : iso(expiresAt) },
        })
      : report("expired", "stop", `It expired at ${iso(expired.at)}.`, {
          code: "expired",
          input: { expires_at: expiresAt === null ? null : iso(expiresAt) },
        }),
  );
  if (log.some((event) => event.key === "expired" && event.delivery === undefined)) return gates;
  gates.push(...plannedGates(log, order));
  gates.push(...message.deliveries.flatMap((delivery) => deliveryGates(known, delivery)));
  return gates;
}

function plannedGates(log: readonly MessageEvent[], order: Order | null): GateReport[] {
  const end = log.find((event) => event.type === "suppressed");
  const isDuplicate = end?.code === "duplicate";
  const passedOver = log.filter((event) => event.code === "suppressed" && event.type === "deferred");
  const seconds = order?.dedupe_window_seconds;
  const gates: GateReport[] = [
    end !== undefined && !isDuplicate
      ? report("suppressed", "stop", end.reason ?? "It is on a suppression list.", { code: end.code ?? null })
      : report("suppressed", "pass", "The address was on no suppression list."),
    ...passedOver.map(({ reason, code = null }) =>
      report("suppressed", "note", `An address was passed over. ${reason ?? ""}`.trim(), { code }),
    ),
  ];
  if (end !== undefined && !isDuplicate) return gates;
  const input = { dedupe_window_seconds: seconds ?? null };
  if (end !== undefined)
    gates.push(report("duplicate", "stop", end.reason ?? "It is a duplicate.", { code: "duplicate", input }));
  else {
    const detail =
      seconds === undefined ? "It has no dedupe_window_seconds." : "It was the first of its content within the window.";
    gates.push(report("duplicate", "pass", detail, { input }));
  }
  return gates;
}

function deliveryGates(known: Known, delivery: Delivery): GateReport[] {
  const { status, log } = known.message;
  if (status === "suppressed") return [];
  const { n, phase, attempts, after, waiting_for: waitingFor } = delivery;
  const of = (gate: GateReport["gate"], verdict: Verdict, detail: string, rest: Partial<GateReport> = {}): GateReport =>
    report(gate, verdict, detail, { delivery: n, ...rest });
  const gates: GateReport[] = [];
  if (after !== undefined) {
    const input = { ordering_key: known.order?.ordering_key ?? null, ordering: delivery.ordering ?? "wait", after };
    const { turn } = known;
    const waits = turn.kind === "wait" && phase === "waiting" && attempts.length === 0;
    gates.push(
      waits
        ? of("ordering", "wait", `It is behind ${turn.behind} in its line.`, { input, code: "ordering" })
        : of("ordering", "pass", `${after} went before it, or ended.`, { input }),
    );
  }
  const plan = known.order?.plan;
  if (n > 0 && plan !== undefined) {
    const input = { mode: plan.mode, until: plan.until, after_seconds: plan.after_seconds };
    if (phase === "held") return [...gates, of("turn", "wait", "Its turn has not come.", { input })];
    if (phase === "skipped") return [...gates, of("turn", "stop", "An earlier channel did it.", { input, code: "not_needed" })];
    gates.push(of("turn", "pass", "Its turn came.", { input }));
  }
  if (attempts.length > 0) {
    gates.push(of("content", "pass", "Its content was rendered."));
    const last = attempts.at(-1);
    const { policy_id = null, rule = null } = last?.route ?? {};
    const input = { policy_id, rule, connections: [...new Set(attempts.map((a) => a.connection_id))] };
    const detail = `${attempts.length} ${attempts.length === 1 ? "try" : "tries"}, the last by ${last?.provider} (${last?.connection_id}).`;
    if (waitingFor === undefined) return [...gates, of("routing", "pass", detail, { input })];
    return [...gates, of("routing", "wait", `${detail} ${WAITS[waitingFor] ?? ""}`.trim(), { input, code: waitingFor })];
  }
  if (waitingFor !== undefined && phase === "waiting") {
    return [...gates, of("routing", "wait", WAITS[waitingFor] ?? `It waits for ${waitingFor}.`, { code: waitingFor })];
  }
  const failed = log.find((event) => event.type === "failed" && event.delivery === n && event.attempt_id === undefined);
  if (failed === undefined) return gates;
  const code = failed.code ?? null;
  const isContent = code !== null && CONTENT_CODES.has(code);
  return [...gates, of(isContent ? "content" : "routing", "stop", failed.reason ?? "It could not be tried.", { code })];
}

const WAITS: Readonly<Record<string, string>> = {
  connections_open: "Every connection has an open breaker, or asked for quiet.",
  capped: "What the routing policy lets through is used up.",
};

/** Of compose (core/compose.ts) and of what is loaded for it (verbs/compose-for.ts). */
const CONTENT_CODES: ReadonlySet<string> = new Set(["no_order", "template_gone", "template_invalid", "no_content", "too_long"]);
