/** What a try leaves to write. */
import type { Signal } from "../contract/jobs.ts";
import { type Caught, caughtOfEnvelope } from "../core/caught.ts";
import type { GivenUp } from "../core/dead-letter.ts";
import { nextInPlan } from "../core/escalation.ts";
import type { Delivery, Envelope, Order } from "../core/message.ts";
import type { Settlement } from "../core/settlement.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { OutcomeRow } from "../db/messages/settle.ts";

/** `done` needs no further try, `again` is due at `at`, `over` goes on at once over another connection. */
export interface Tried {
  readonly kind: "done" | "again" | "over";
  readonly row: ClaimedRow;
  readonly at: number;
  /** It comes again in a pack of its own, where it can do no harm to others. */
  readonly alone: boolean;
  /** Its last holder died, and nothing that is written now says so: the pack that it comes again in must. */
  readonly isDoubted?: boolean;
  readonly outcome: OutcomeRow | null;
  readonly caught: Caught | null;
  readonly signals: readonly Signal[];
  readonly dead: GivenUp | null;
  /** The delivery of the same message whose turn comes next, and when. */
  readonly next: { readonly delivery: Delivery; readonly at: number } | null;
  /** The key whose message the provider or the recipient refused for good. */
  readonly refusedOf: string | null;
}

const UNWRITTEN = { outcome: null, caught: null, signals: [], dead: null, next: null, refusedOf: null } as const;

/** There is nothing to do, and nothing to record. */
export function nothing(row: ClaimedRow, at: number): Tried {
  return { kind: "done", row, at, alone: false, ...UNWRITTEN };
}

/** Nothing to record: it comes again at `at`, or when it expires. */
export function again(row: ClaimedRow, at: number, alone = false): Tried {
  return { kind: "again", row, at: untilOf(row, at), alone, ...UNWRITTEN };
}

/** What the sandbox says and shows of what it was given. */
export interface SandboxTrace {
  readonly caught: Envelope | null;
  readonly signals: readonly { readonly type: Signal["type"]; readonly reason?: string }[];
}

/** What a settlement has to leave. */
export function written(
  subject: {
    readonly tenantId: string;
    readonly row: ClaimedRow;
    readonly messageId: string;
    readonly order: Order | undefined;
    readonly at: number;
  },
  settlement: Settlement,
  trace?: SandboxTrace,
): Tried {
  const { tenantId, row, messageId, order, at } = subject;
  const { delivery, events, again: next } = settlement;
  const attempt = delivery.attempts.at(-1);
  const refused =
    attempt?.provider !== "sandbox" && (attempt?.outcome === "permanent" || attempt?.outcome === "recipient_invalid");
  const projectId = row.project_id;
  const { status, dead, turn } = inPlan(row, order, settlement, at);
  return {
    kind: next === null ? "done" : next === "over" ? "over" : "again",
    row,
    at: typeof next === "number" ? untilOf(row, next) : at,
    alone: delivery.crashes !== undefined,
    outcome: { messageId, delivery, status, events },
    caught: trace?.caught
      ? caughtOfEnvelope(trace.caught, { tenantId, projectId, sensitive: order?.sensitive === true, at })
      : null,
    signals: (trace?.signals ?? []).map((s) => ({
      message_id: messageId,
      key: `${s.type}:${attempt?.id ?? ""}`,
      type: s.type,
      at,
      delivery: delivery.n,
      ...(attempt ? { attempt_id: attempt.id, connection_id: attempt.connection_id, provider: attempt.provider } : {}),
      ...(s.reason === undefined ? {} : { reason: s.reason }),
    })),
    dead: dead === null ? null : { ...dead, projectId, messageId, delivery, at },
    next: turn,
    refusedOf: dead !== null && refused && row.mode === "live" ? (order?.key_id ?? null) : null,
  };
}

/**
 * What a settlement means for a message of several deliveries: the next one has its turn, and the message fails only with
 * the last of them, and only if none went out.
 */
function inPlan(
  row: ClaimedRow,
  order: Order | undefined,
  { delivery, status, again, dead }: Settlement,
  at: number,
): Pick<Settlement, "status" | "dead"> & { readonly turn: Tried["next"] } {
  const isEnd = again === null && (status === "sent" || dead !== null);
  if (order?.plan === undefined || !isEnd) return { status, dead, turn: null };
  const all = (JSON.parse(row.deliveries) as Delivery[]).map((d) => (d.n === delivery.n ? delivery : d));
  const next = nextInPlan(order.plan, all, delivery.n, status === "sent" ? "sent" : "failed", at);
  const found = next === null ? undefined : all.find((d) => d.n === next.n);
  const turn = next === null || found === undefined ? null : { delivery: found, at: next.at };
  if (dead === null) return { status, dead, turn };
  if (turn !== null) return { status: "queued", dead: null, turn };
  return all.some((d) => d.phase === "sent") ? { status: "sent", dead: null, turn } : { status, dead, turn };
}

/** Its turn has come, and it is not needed any more. */
export function skipped(row: ClaimedRow, messageId: string, delivery: Delivery, now: number): Tried {
  const { n } = delivery;
  return {
    ...nothing(row, now),
    outcome: {
      messageId,
      delivery: { ...delivery, phase: "skipped" },
      // What it is already: a status never moves back.
      status: "queued",
      events: [
        {
          type: "cancelled",
          at: now,
          key: `skipped:${n}`,
          delivery: n,
          code: "not_needed",
          reason: "An earlier channel did it.",
        },
      ],
    },
  };
}

function untilOf(row: ClaimedRow, until: number): number {
  return row.expires_at === null ? until : Math.min(until, row.expires_at);
}
