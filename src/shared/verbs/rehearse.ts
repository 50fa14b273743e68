/** Everything that sending would do with a submission, up to the call of a provider, and nothing that stays behind. */
import type { Consideration, GateReport, Rehearsed } from "../core/consideration.ts";
import { messageOf } from "../core/held-message.ts";
import { parseMessageId } from "../core/ids.ts";
import type { Message, Submission } from "../core/message.ts";
import {
  deliveryGates,
  duplicateGate,
  expiredGate,
  orderingGate,
  scheduleGate,
  suppressedGates,
} from "../core/rehearsed-gates.ts";
import type { TenantScope } from "../db/scope.ts";
import { consider, type Rehearsal, rehearsalAt } from "./consider.ts";
import type { DeliverDeps } from "./deliver-deps.ts";
import { duplicatesNow, windowedOrders } from "./duplicates.ts";
import { holdBack, holdsOn } from "./hold-back.ts";
import { inLearnedOrder } from "./learned-order.ts";

/** One for each recipient of the submission, in their order. `at`: when it is accepted. */
export async function rehearse(
  deps: DeliverDeps,
  { tenantId }: TenantScope,
  submission: Submission,
  at: number,
): Promise<readonly Rehearsed[]> {
  const db = deps.shards[parseMessageId(submission.first)?.dbShard ?? -1];
  if (!db) throw new Error(`there is no database for ${submission.first}`);
  const dueAt = Math.max(at, submission.due_at);
  const made = submission.to.map((_, i) => messageOf(tenantId, submission, i, dueAt));
  const holds = await holdsOn({ ...deps, now: () => dueAt }, tenantId, [submission]);
  const messages = holdBack(await inLearnedOrder(db, { tenantId }, made), holds);
  const duplicates = await duplicatesNow(deps, tenantId, messages, windowedOrders([submission]));
  const own = new Set(messages.map(({ id }) => id));
  const rehearsal = rehearsalAt(deps, dueAt);
  return Promise.all(
    messages.map(async (message): Promise<Rehearsed> => {
      const isAsked = message.status === "queued";
      const isExpired = message.status === "expired";
      const gates: GateReport[] = [
        scheduleGate(dueAt, at),
        expiredGate(message),
        ...suppressedGates(message, !isExpired),
        duplicateGate(submission.order, isAsked, duplicates.get(message.id), own),
        ...orderingGate(submission.order),
      ];
      const isStopped = gates.some(({ verdict }) => verdict === "stop");
      const deliveries = isStopped ? [] : await considerAll(deps, rehearsal, message, submission);
      return {
        channel: message.channel,
        destination: message.recipient,
        at: dueAt,
        gates: [...gates, ...deliveries.flatMap((one) => deliveryGates(one, submission.order))],
        deliveries,
      };
    }),
  );
}

/** Each when its turn comes, if those before it bring nothing. */
async function considerAll(
  deps: DeliverDeps,
  first: Rehearsal,
  message: Message,
  { order }: Submission,
): Promise<Consideration[]> {
  const considered: Consideration[] = [];
  let rehearsal = first;
  for (const { n } of message.deliveries) {
    const one = await consider(rehearsal, message, order, n);
    considered.push(one);
    const next = turnAfter(one, order.plan?.after_seconds ?? 0);
    if (next !== rehearsal.at) rehearsal = rehearsalAt(deps, next);
  }
  return considered;
}

/** As core/escalation.ts has it: what fails hands on at once, what goes out has its time. */
function turnAfter({ verdict, at, until }: Consideration, afterSeconds: number): number {
  switch (verdict) {
    case "go":
      return at + afterSeconds * 1000;
    case "wait":
      return (until ?? at) + afterSeconds * 1000;
    case "stop":
    case "none":
      return at;
  }
}
