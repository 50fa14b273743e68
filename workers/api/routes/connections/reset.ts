import { connectionId, connectionShape } from "../../../../src/shared/contract/connections.ts";
import { lookAtConnections } from "../../../../src/shared/verbs/look-at-connections.ts";
import { resetConnection } from "../../../../src/shared/verbs/reset-connection.ts";
import { route } from "../../route.ts";
import { connectionView } from "./view.ts";

export const resetConnectionRoute = route({
  method: "POST",
  path: "/v1/connections/{id}/reset",
  operationId: "resetConnection",
  tag: "connections",
  summary: "Use a connection again, at once",
  description:
    "Closes its breaker and ends its pause, once what was wrong at the provider has been put right. Without it, a breaker " +
    "closes by itself: one message is tried over the connection after a minute, then after ever longer waits up to ten " +
    "minutes. New credentials or settings do the same. What waits already is delivered when its wait is over.",
  auth: "connections:write",
  params: connectionId,
  responses: { 200: { description: "The connection.", body: connectionShape } },
  faults: ["not_found", "unavailable"],
  handle: async ({ deps, actor, params }) => {
    const row = await resetConnection(deps, actor, params.id);
    const [health = null] = await lookAtConnections(deps, [row]);
    return { status: 200, body: connectionView(deps, row, health) };
  },
});
