import { connectionId, connectionShape } from "../../../../src/shared/contract/connections.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { connectionsOf } from "../../../../src/shared/db/control/connections.ts";
import { lookAtConnections } from "../../../../src/shared/verbs/look-at-connections.ts";
import { route } from "../../route.ts";
import { connectionView } from "./view.ts";

export const getConnectionRoute = route({
  method: "GET",
  path: "/v1/connections/{id}",
  operationId: "getConnection",
  tag: "connections",
  summary: "Read a connection",
  auth: "connections:read",
  params: connectionId,
  responses: { 200: { description: "The connection.", body: connectionShape } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params }) => {
    const row = await connectionsOf(deps.control, caller).get(params.id);
    if (!row) throw new Fault("not_found");
    const [health = null] = await lookAtConnections(deps, [row]);
    return { status: 200, body: connectionView(deps, row, health) };
  },
});
