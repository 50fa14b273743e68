import { connectionId, savedConnectionShape, updateConnection as shape } from "../../../../src/shared/contract/connections.ts";
import { updateConnection } from "../../../../src/shared/verbs/update-connection.ts";
import { route } from "../../route.ts";
import { savedView } from "./view.ts";

export const updateConnectionRoute = route({
  method: "PATCH",
  path: "/v1/connections/{id}",
  operationId: "updateConnection",
  tag: "connections",
  summary: "Change a connection, or rotate its credentials",
  description: "Deliveries use the change at once, or within ten seconds where many isolates deliver.",
  auth: "connections:write",
  params: connectionId,
  body: shape,
  examples: [{ summary: "Try it after the others", body: { priority: 200 } }],
  responses: { 200: { description: "The connection as it is now.", body: savedConnectionShape } },
  faults: ["not_found"],
  handle: async ({ deps, actor, params, body: { verify, callback_verification: verification, ...change } }) => {
    const row = await updateConnection(deps, actor, params.id, { ...change, verification });
    return { status: 200, body: await savedView(deps, actor, row, verify) };
  },
});
