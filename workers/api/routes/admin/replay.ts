import { replayAnywhere as shape } from "../../../../src/shared/contract/admin.ts";
import { replayCounts } from "../../../../src/shared/contract/dead-letters.ts";
import { replayAnywhere } from "../../../../src/shared/verbs/survey-dead-letters.ts";
import { route } from "../../route.ts";
import { filterOf } from "../dead-letters/view.ts";

export const replayAnywhereRoute = route({
  method: "POST",
  path: "/admin/dlq/replay",
  operationId: "replayAnywhere",
  tag: "operator",
  summary: "Put dead letters of one tenant, or of all, back on their way",
  description: "With `dry_run` it only counts.",
  auth: "operator",
  body: shape,
  responses: { 200: { description: "How many.", body: replayCounts } },
  faults: ["not_found"],
  handle: async ({ deps, body, requestId }) => {
    const counts = await replayAnywhere(deps, {
      tenantId: body.tenant_id ?? null,
      filter: filterOf(body.filter),
      dryRun: body.dry_run,
      limit: body.limit,
      requestId,
    });
    return { status: 200, body: { ...counts, dry_run: body.dry_run } };
  },
});
