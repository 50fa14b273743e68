/**
 * A message before its first delivery: what the planner writes as a row, and what a reader is shown while
 * the message still waits in its gate. One function for both, so that planning changes nothing to see.
 */
import { messageIdAt } from "./ids.ts";
import type { Delivery, Message, MessageEvent, Submission } from "./message.ts";
import type { Status } from "./status.ts";

/**
 * The `index`-th message of a run. The order stands in the message where the run has one recipient;
 * else `orderRef` names the run's first id.
 *
 * @param now Decides between scheduled, queued and expired. Every time in the result comes from the
 * submission, so that asking again gives the same events.
 */
export function messageOf(tenantId: string, submission: Submission, index: number, now: number): Message {
  const recipient = submission.to[index];
  if (!recipient) throw new Error(`submission ${submission.first} has no recipient ${index}`);
  const log = eventsOf(submission, now);
  const last = log[log.length - 1];
  const alone = submission.to.length === 1;
  const after = submission.after?.[index] ?? null;
  const { ordering } = submission.order;
  return {
    tenantId,
    id: messageIdAt(submission.first, index),
    projectId: submission.project_id,
    mode: submission.mode,
    status: statusOf(submission, now),
    channel: recipient.channel,
    recipient: recipient.destination,
    template: submission.template ?? null,
    priority: submission.priority,
    category: submission.category ?? null,
    tags: submission.tags ?? [],
    order: alone ? submission.order : null,
    orderRef: alone ? null : submission.first,
    variables: recipient.variables ?? null,
    deliveries: [
      {
        n: 0,
        channel: recipient.channel,
        destination: recipient.destination,
        due_at: submission.due_at,
        phase: "waiting",
        attempts: [],
        ...(after === null ? {} : { after }),
        ...(after === null || ordering === undefined ? {} : { ordering }),
      },
      ...(recipient.also ?? []).map(
        ({ channel, destination }, i): Delivery => ({
          n: i + 1,
          channel,
          destination,
          due_at: submission.due_at,
          phase: "held",
          attempts: [],
        }),
      ),
    ],
    log,
    createdAt: submission.accepted_at,
    dueAt: submission.due_at,
    expiresAt: submission.expires_at,
    updatedAt: last?.at ?? submission.accepted_at,
  };
}

function statusOf(s: Submission, now: number): Extract<Status, "scheduled" | "queued" | "cancelled" | "expired"> {
  if (s.cancelled_at !== undefined) return "cancelled";
  if (s.expires_at !== null && s.expires_at <= now) return "expired";
  return s.due_at > now ? "scheduled" : "queued";
}

/** `scheduled` or `queued` when it came in, `queued` once it is due, and what ended it before. */
function eventsOf(s: Submission, now: number): MessageEvent[] {
  const later = s.due_at > s.accepted_at;
  const log: MessageEvent[] = [{ type: later ? "scheduled" : "queued", at: s.accepted_at, key: later ? "scheduled" : "queued" }];
  if (s.cancelled_at !== undefined) {
    log.push({ type: "cancelled", at: s.cancelled_at, key: "cancelled" });
    return log;
  }
  if (s.expires_at !== null && s.expires_at <= now) {
    log.push({ type: "expired", at: s.expires_at, key: "expired" });
    return log;
  }
  if (later && s.due_at <= now) log.push({ type: "queued", at: s.due_at, key: "queued" });
  return log;
}
