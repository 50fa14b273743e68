/** What the gates say of a message that is not sent: from what was looked at to reports that a person can read. Pure. */
import type { Consideration, GateReport } from "./consideration.ts";
import type { Message, Order } from "./message.ts";

const iso = (ms: number) => new Date(ms).toISOString();

function report(
  gate: GateReport["gate"],
  verdict: GateReport["verdict"],
  rest: Partial<GateReport> & Pick<GateReport, "detail">,
): GateReport {
  return { gate, delivery: null, verdict, input: {}, code: null, ...rest };
}

/** `asked`: when it would be accepted. */
export function scheduleGate(dueAt: number, asked: number): GateReport {
  const input = { asked_at: iso(asked), due_at: iso(dueAt) };
  return dueAt > asked
    ? report("schedule", "wait", { input, detail: `It waits in its gate until ${iso(dueAt)}.` })
    : report("schedule", "pass", { input, detail: "It is due at once." });
}

export function expiredGate({ expiresAt, status, dueAt }: Message): GateReport {
  if (expiresAt === null) return report("expired", "pass", { input: { expires_at: null }, detail: "It has no ttl_seconds." });
  const input = { at: iso(dueAt), expires_at: iso(expiresAt) };
  return status === "expired"
    ? report("expired", "stop", { input, code: "expired", detail: `It expired at ${iso(expiresAt)}.` })
    : report("expired", "pass", { input, detail: `It would not be sent after ${iso(expiresAt)}.` });
}

/** One for the message, and a note for each address that is passed over. */
export function suppressedGates({ status, channel, recipient, log }: Message, isAsked: boolean): GateReport[] {
  if (!isAsked) return [report("suppressed", "note", { detail: "It is not asked: a gate before stops the message." })];
  const input = { channel, destination: recipient };
  const end = log.findLast((event) => event.type === "suppressed");
  if (status === "suppressed") {
    return [
      report("suppressed", "stop", { input, code: end?.code ?? null, detail: end?.reason ?? "It is on a suppression list." }),
    ];
  }
  const passed = log.filter((event) => event.code === "suppressed");
  return [
    report("suppressed", "pass", { input, detail: "The address is on no suppression list." }),
    ...passed.map(({ reason }) =>
      report("suppressed", "note", { code: "suppressed", detail: `Another address is passed over. ${reason ?? ""}`.trim() }),
    ),
  ];
}

/** `first`: the message that stands for it, where it is a duplicate. */
export function duplicateGate(
  order: Order,
  isAsked: boolean,
  first: { readonly messageId: string; readonly until: number } | undefined,
  own: ReadonlySet<string>,
): GateReport {
  const { dedupe_window_seconds: seconds } = order;
  if (seconds === undefined) return report("duplicate", "pass", { detail: "It has no dedupe_window_seconds." });
  const input = { dedupe_window_seconds: seconds };
  if (!isAsked) return report("duplicate", "note", { input, detail: "It is not asked: a gate before stops the message." });
  if (first === undefined) {
    return report("duplicate", "pass", { input, detail: "Nobody was sent the same content within the window." });
  }
  const isOwn = own.has(first.messageId);
  return report("duplicate", "stop", {
    input: { ...input, first: isOwn ? null : first.messageId, until: iso(first.until) },
    code: "duplicate",
    detail: isOwn
      ? "The same content goes to the same recipient earlier in this send."
      : `The same content went to this recipient as ${first.messageId}, whose window ends at ${iso(first.until)}.`,
  });
}

export function orderingGate({ ordering_key: key, ordering = "wait" }: Order): GateReport[] {
  if (key === undefined) return [];
  const input = { ordering_key: key, ordering };
  return [
    report("ordering", "note", { input, detail: "It goes behind the last message of its line, whatever that one is by then." }),
  ];
}

/** What a delivery has to say once it was considered: whether it has content, and somebody to carry it. */
export function deliveryGates(it: Consideration, { plan }: Pick<Order, "plan">): GateReport[] {
  const { n, channel, destination, verdict, code, reason, envelope } = it;
  const turn = n === 0 || plan === undefined ? [] : [turnGate(n, plan)];
  if (verdict === "stop" && (code === "expired" || code === "not_needed")) {
    return [{ ...report(code === "expired" ? "expired" : "turn", "stop", { code, detail: reason ?? code }), delivery: n }];
  }
  const content =
    envelope === null
      ? report("content", "stop", { input: { channel }, code, detail: reason ?? "Its content cannot be made." })
      : report("content", "pass", { input: { channel }, detail: "Its content is rendered." });
  const input = { channel, destination, country: it.country, connections: it.candidates.length };
  const routing = report("routing", ROUTING[verdict], { input, code, detail: routingText(it) });
  return [...turn, { ...content, delivery: n }, ...(envelope === null ? [] : [{ ...routing, delivery: n }])];
}

const ROUTING: Record<Consideration["verdict"], GateReport["verdict"]> = { go: "pass", wait: "wait", stop: "stop", none: "note" };

function routingText({ verdict, connection_id, provider, policy_id, rule, reason, until }: Consideration): string {
  switch (verdict) {
    case "go":
      return policy_id === null
        ? `${provider} (${connection_id}) carries it, first in its order of priority.`
        : `${provider} (${connection_id}) carries it, by rule ${rule} of ${policy_id}.`;
    case "wait":
      return `It waits${until === null ? "" : ` until ${iso(until)}`}: ${reason ?? "nobody can carry it now."}`;
    case "stop":
      return reason ?? "Nobody can carry it.";
    case "none":
      return "There is nothing left to do.";
  }
}

function turnGate(n: number, plan: NonNullable<Order["plan"]>): GateReport {
  const input = { mode: plan.mode, until: plan.until, after_seconds: plan.after_seconds };
  const detail =
    plan.mode === "first"
      ? `Only where delivery ${n - 1} fails: at once, or where it bounces within ${plan.after_seconds} s.`
      : `Only where no delivery before has brought ${plan.until} within ${plan.after_seconds} s; at once where delivery ${n - 1} fails.`;
  return { ...report("turn", "wait", { input, detail }), delivery: n };
}
