import { tenantKeyId } from "../../../../src/shared/contract/admin.ts";
import { keyShape } from "../../../../src/shared/contract/keys.ts";
import { suspendAnyKey } from "../../../../src/shared/verbs/suspend-key.ts";
import { route } from "../../route.ts";
import { keyView } from "../keys/view.ts";

export const suspendTenantKeyRoute = route({
  method: "POST",
  path: "/admin/tenants/{id}/keys/{key_id}/suspend",
  operationId: "suspendTenantKey",
  tag: "operator",
  summary: "Suspend a key of a tenant, at once and everywhere",
  description: "The tenant reads of it in its notices, and cannot resume the key itself.",
  auth: "operator",
  params: tenantKeyId,
  responses: { 200: { description: "The suspended key. Repeating the call changes nothing.", body: keyShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, params, requestId }) => {
    const actor = { tenantId: params.id, name: "operator", requestId };
    return { status: 200, body: keyView(await suspendAnyKey(deps, actor, params.key_id)) };
  },
});
