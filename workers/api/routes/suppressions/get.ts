import { suppressionPlace, suppressionShape } from "../../../../src/shared/contract/suppressions.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { suppressionsOf } from "../../../../src/shared/db/control/suppressions.ts";
import { route } from "../../route.ts";
import { suppressionView } from "./view.ts";

export const getSuppressionRoute = route({
  method: "GET",
  path: "/v1/suppressions/{channel}/{destination}",
  operationId: "getSuppression",
  tag: "suppressions",
  summary: "Read whether, and why, a destination is on the list",
  description: "`destination` as the list shows it, encoded for a URL.",
  auth: "suppressions:read",
  tenantWide: true,
  params: suppressionPlace,
  responses: { 200: { description: "The suppression.", body: suppressionShape } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params }) => {
    const row = await suppressionsOf(deps.control, caller).get(params);
    if (!row) throw new Fault("not_found");
    return { status: 200, body: suppressionView(row) };
  },
});
