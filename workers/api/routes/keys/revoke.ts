import { keyId, keyShape } from "../../../../src/shared/contract/keys.ts";
import { revokeKey } from "../../../../src/shared/verbs/revoke-key.ts";
import { route } from "../../route.ts";
import { keyView } from "./view.ts";

export const revokeKeyRoute = route({
  method: "DELETE",
  path: "/v1/keys/{id}",
  operationId: "revokeKey",
  tag: "keys",
  summary: "Revoke a key, at once and everywhere",
  auth: "keys:write",
  params: keyId,
  responses: { 200: { description: "The revoked key. Repeating the call changes nothing.", body: keyShape } },
  faults: ["not_found"],
  handle: async ({ deps, actor, caller, params }) => ({
    status: 200,
    body: keyView(await revokeKey(deps, actor, caller, params.id)),
  }),
});
