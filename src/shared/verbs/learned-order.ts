/** Puts the addresses of messages whose order is learned into that order, before their first delivery. */
import { addressKey, channelKey, learnedOrder } from "../core/engagement.ts";
import type { Delivery, Message } from "../core/message.ts";
import { engagementOf, type Shown } from "../db/messages/engagement.ts";
import type { TenantScope } from "../db/scope.ts";
import type { Tried } from "./tried.ts";

/** What the delivery before this one has shown, once its whole time is over: the turn of this one comes, or is not needed. */
export function shownBy({ row, outcome }: Tried): readonly Shown[] {
  if (outcome === null || row.log === null) return [];
  const deliveries = JSON.parse(row.deliveries) as Delivery[];
  const mine = deliveries[row.delivery];
  if (mine?.phase !== "held" || mine.likelihood === undefined) return [];
  const before = deliveries.findLast((d) => d.n < mine.n && d.phase === "sent");
  if (before === undefined) return [];
  const answered = outcome.delivery.phase === "skipped";
  return [addressKey(before), channelKey(before)].map((key) => ({ projectId: row.project_id, key, answered }));
}

/** Reads nothing where none is learned. */
export async function inLearnedOrder(
  db: D1Database,
  scope: TenantScope,
  messages: readonly Message[],
): Promise<readonly Message[]> {
  const learned = messages.filter((message) => message.order?.plan?.learned === true);
  if (learned.length === 0) return messages;
  const wanted = learned.flatMap(({ projectId, deliveries }) =>
    deliveries.flatMap((d) => [
      { projectId, key: addressKey(d) },
      { projectId, key: channelKey(d) },
    ]),
  );
  const known = await engagementOf(db, scope).read(wanted);
  return messages.map((message) => {
    if (message.order?.plan?.learned !== true) return message;
    const own = new Map(
      message.deliveries
        .flatMap((d) => [addressKey(d), channelKey(d)])
        .flatMap((key) => {
          const evidence = known.get(`${message.projectId} ${key}`);
          return evidence === undefined ? [] : [[key, evidence] as const];
        }),
    );
    const order = learnedOrder(message.id, message.deliveries, own);
    const [first] = order;
    if (first === undefined) return message;
    const deliveries = message.deliveries.map((slot, n): Delivery => {
      const { channel, destination, likelihood } = order[n] ?? first;
      return { ...slot, channel, destination, likelihood };
    });
    return { ...message, channel: first.channel, recipient: first.destination, deliveries };
  });
}
