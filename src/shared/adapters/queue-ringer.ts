/** Bells and signals over Cloudflare Queues. */
import type { Bell, SignalPack } from "../contract/jobs.ts";
import { type Channel, type Lane, sendQueue } from "../core/channels.ts";
import type { Ringer } from "../ports/ringer.ts";

/** sendBatch takes 100 messages and 256 KB; a bell is far below 2 KB. */
const BATCH = 100;
/** The platform's longest delay, seconds. */
const MAX_DELAY_SECONDS = 43_200;
/** A pack of signals stays far below the 128 KB a message may have. */
const SIGNALS_A_MESSAGE = 100;

export function queueRinger(queueOf: (channel: Channel, lane: Lane) => Queue<Bell>, events: Queue<SignalPack>): Ringer {
  return {
    async ring(bells) {
      const byQueue = new Map<string, { queue: Queue<Bell>; requests: MessageSendRequest<Bell>[] }>();
      for (const { channel, lane, delaySeconds, ...body } of bells) {
        const name = sendQueue(channel, lane);
        let slot = byQueue.get(name);
        if (!slot) {
          slot = { queue: queueOf(channel, lane), requests: [] };
          byQueue.set(name, slot);
        }
        slot.requests.push({
          body,
          contentType: "json",
          delaySeconds: Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil(delaySeconds))),
        });
      }
      await Promise.all(
        [...byQueue.values()].map(async ({ queue, requests }) => {
          for (let i = 0; i < requests.length; i += BATCH) await queue.sendBatch(requests.slice(i, i + BATCH));
        }),
      );
    },
    async signal(tenantId, dbShard, signals) {
      for (let i = 0; i < signals.length; i += SIGNALS_A_MESSAGE) {
        await events.send(
          { v: 1, tenant: tenantId, shard: dbShard, signals: signals.slice(i, i + SIGNALS_A_MESSAGE) },
          { contentType: "json" },
        );
      }
    },
  };
}
