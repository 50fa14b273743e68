/** The dispatcher's answers to the api Worker (ports/desk.ts), made from its own dependencies. */
import { CHANNELS, LANES, sendQueue } from "../core/channels.ts";
import { newestSealed } from "../db/control/newest-sealed.ts";
import type { Desk, QueueState } from "../ports/desk.ts";
import { forgetAccounts } from "./accounts.ts";
import { consider, rehearsalAt } from "./consider.ts";
import type { Deps } from "./deps.ts";
import { forgetListeners } from "./listeners.ts";
import { forgetPolicies } from "./project-policies.ts";
import { forgetSettings } from "./project-settings.ts";
import { rehearse } from "./rehearse.ts";
import { verifyConnection } from "./verify-connection.ts";

const QUEUES = [...CHANNELS.flatMap((channel) => LANES.map((lane) => sendQueue(channel, lane))), "events", "callbacks"];

export function makeDesk(deps: Omit<Deps, "desk">): Desk {
  return {
    ring: (bells) => deps.ringer.ring(bells),
    verifyConnection: (scope, id) => verifyConnection(deps, scope, id),
    async connectionsChanged(scope) {
      forgetAccounts(scope);
      forgetSettings(scope);
      forgetListeners(scope);
      forgetPolicies(scope);
    },
    connectionHealth: (places) => Promise.all(places.map((p) => deps.breakers.look(p.tenantId, p.connectionId))),
    resetConnection: ({ tenantId, connectionId }) => deps.breakers.reset(tenantId, connectionId),
    rehearse: (scope, submission, at) => rehearse(deps, scope, submission, at),
    consider(message, order, deliveries) {
      const rehearsal = rehearsalAt(deps, deps.now());
      return Promise.all(deliveries.map((n) => consider(rehearsal, message, order, n)));
    },
    queues: () => Promise.all(QUEUES.map((queue) => stateOf(deps, queue))),
    async health() {
      const checks: Record<string, string> = {};
      const check = async (name: string, ask: () => Promise<unknown>): Promise<void> => {
        checks[name] = await ask().then(
          () => "ok",
          (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 200),
        );
      };
      await Promise.all([
        check("control", () => deps.control.prepare("SELECT 1").first()),
        ...deps.shards.map((db, i) => check(`messages_${i}`, () => db.prepare("SELECT 1").first())),
        check("credentials", () => openOne(deps)),
      ]);
      return { ok: Object.values(checks).every((answer) => answer === "ok"), checks };
    },
  };
}

async function stateOf(deps: Pick<Deps, "queueMetrics">, queue: string): Promise<QueueState> {
  const metrics = await deps.queueMetrics(queue);
  return {
    queue,
    backlog_count: metrics?.backlogCount ?? null,
    backlog_bytes: metrics?.backlogBytes ?? null,
    oldest_message_at: metrics?.oldestMessageTimestamp?.toISOString() ?? null,
  };
}

/** Opens the newest sealed credentials: they are sealed to the key that the api Worker has now. */
async function openOne(deps: Pick<Deps, "control" | "unsealer">): Promise<void> {
  const jwe = await newestSealed(deps.control);
  if (jwe !== null) await deps.unsealer.unseal(jwe);
}
