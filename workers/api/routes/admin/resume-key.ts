import { tenantKeyId } from "../../../../src/shared/contract/admin.ts";
import { keyShape } from "../../../../src/shared/contract/keys.ts";
import { resumeKey } from "../../../../src/shared/verbs/resume-key.ts";
import { route } from "../../route.ts";
import { keyView } from "../keys/view.ts";

export const resumeTenantKeyRoute = route({
  method: "POST",
  path: "/admin/tenants/{id}/keys/{key_id}/resume",
  operationId: "resumeTenantKey",
  tag: "operator",
  summary: "Let a suspended key of a tenant work again",
  auth: "operator",
  params: tenantKeyId,
  responses: { 200: { description: "The key. Repeating the call changes nothing.", body: keyShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, params, requestId }) => {
    const actor = { tenantId: params.id, name: "operator", requestId };
    return { status: 200, body: keyView(await resumeKey(deps, actor, null, params.key_id)) };
  },
});
