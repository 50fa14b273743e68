/** Bells of callbacks over Cloudflare Queues. */
import type { Bell } from "../contract/jobs.ts";
import type { CallbackRinger } from "../ports/callback-ringer.ts";

/** sendBatch takes 100 messages. */
const BATCH = 100;
/** The platform's longest delay, seconds. */
const MAX_DELAY_SECONDS = 43_200;

export function queueCallbackRinger(queue: Queue<Bell>): CallbackRinger {
  return {
    async ring(bells) {
      const requests = bells.map(({ delaySeconds, ...body }) => ({
        body,
        contentType: "json" as const,
        delaySeconds: Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil(delaySeconds))),
      }));
      for (let i = 0; i < requests.length; i += BATCH) await queue.sendBatch(requests.slice(i, i + BATCH));
    },
  };
}
