import { connectionId } from "../../../../src/shared/contract/connections.ts";
import { deleteConnection } from "../../../../src/shared/verbs/delete-connection.ts";
import { route } from "../../route.ts";

export const deleteConnectionRoute = route({
  method: "DELETE",
  path: "/v1/connections/{id}",
  operationId: "deleteConnection",
  tag: "connections",
  summary: "Delete a connection and its credentials",
  description: "Deliveries stop using it within seconds; those that wait go over the next connection of their channel.",
  auth: "connections:write",
  params: connectionId,
  responses: { 204: { description: "It is gone.", body: null } },
  faults: ["not_found"],
  handle: async ({ deps, actor, params }) => {
    await deleteConnection(deps, actor, params.id);
    return { status: 204 };
  },
});
