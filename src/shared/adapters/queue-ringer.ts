/** Bells and signals over Cloudflare Queues. */
import type { Bell, Signal, SignalPack } from "../contract/jobs.ts";
import { type Channel, type Lane, sendQueue } from "../core/channels.ts";
import type { Ringer } from "../ports/ringer.ts";

/** sendBatch takes 100 messages and 256 KB; a bell is far below 2 KB. */
const BATCH = 100;
/** The platform's longest delay, seconds. */
const MAX_DELAY_SECONDS = 43_200;
/** A message may have 128 KB, and contract/jobs.ts takes 200 signals. */
const SIGNALS_A_MESSAGE = 100;
const BYTES_A_MESSAGE = 100_000;

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
      for (const some of portions(signals)) {
        await events.send({ v: 1, tenant: tenantId, shard: dbShard, signals: some }, { contentType: "json" });
      }
    },
  };
}

function portions(signals: readonly Signal[]): Signal[][] {
  const all: Signal[][] = [];
  let bytes = BYTES_A_MESSAGE;
  for (const signal of signals) {
    const size = new TextEncoder().encode(JSON.stringify(signal)).byteLength;
    if (bytes + size > BYTES_A_MESSAGE || all.at(-1)?.length === SIGNALS_A_MESSAGE) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(signal);
    bytes += size;
  }
  return all;
}
