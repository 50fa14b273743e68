import { suppressionPlace } from "../../../../src/shared/contract/suppressions.ts";
import { removeSuppression } from "../../../../src/shared/verbs/change-suppressions.ts";
import { route } from "../../route.ts";

export const removeSuppressionRoute = route({
  method: "DELETE",
  path: "/v1/suppressions/{channel}/{destination}",
  operationId: "removeSuppression",
  tag: "suppressions",
  summary: "Take a destination off the list",
  description: "It is written to again from now on, until a provider or a person puts it back. Kept in the audit log.",
  auth: "suppressions:write",
  tenantWide: true,
  params: suppressionPlace,
  responses: { 204: { description: "It is off the list.", body: null } },
  faults: ["not_found"],
  handle: async ({ deps, actor, params }) => {
    await removeSuppression(deps, actor, params);
    return { status: 204 };
  },
});
