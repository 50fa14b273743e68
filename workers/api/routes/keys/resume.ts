import { keyId, keyShape } from "../../../../src/shared/contract/keys.ts";
import { resumeKey } from "../../../../src/shared/verbs/resume-key.ts";
import { route } from "../../route.ts";
import { keyView } from "./view.ts";

export const resumeKeyRoute = route({
  method: "POST",
  path: "/v1/keys/{id}/resume",
  operationId: "resumeKey",
  tag: "keys",
  summary: "Let a suspended key work again",
  description:
    "Any other key of the tenant can, of whatever project: the suspended one may be the only key of its own. What the operator " +
    "suspended, only the operator resumes. The key is watched from here on as if it were new.",
  auth: "keys:write",
  tenantWide: true,
  params: keyId,
  responses: { 200: { description: "The key. Repeating the call changes nothing.", body: keyShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, actor, caller, params }) => ({
    status: 200,
    body: keyView(await resumeKey(deps, actor, caller, params.id)),
  }),
});
