/** The dispatcher's answers to the api Worker (ports/desk.ts), made from its own dependencies. */
import { CHANNELS, LANES, sendQueue } from "../core/channels.ts";
import type { Desk } from "../ports/desk.ts";
import type { Deps } from "./deps.ts";
import { verifyConnection } from "./verify-connection.ts";

export function makeDesk(deps: Omit<Deps, "desk">): Desk {
  return {
    ring: (bells) => deps.ringer.ring(bells),
    verifyConnection: (scope, id) => verifyConnection(deps, scope, id),
    async queues() {
      return CHANNELS.flatMap((channel) => LANES.map((lane) => sendQueue(channel, lane))).map((queue) => ({
        queue,
        backlog_count: 0,
        backlog_bytes: 0,
        oldest_message_at: null,
      }));
    },
    async health() {
      return { ok: true, checks: {} };
    },
  };
}
