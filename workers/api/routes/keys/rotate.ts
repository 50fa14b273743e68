import { keyId, newKeyShape, rotateKey as shape } from "../../../../src/shared/contract/keys.ts";
import { rotateKey } from "../../../../src/shared/verbs/rotate-key.ts";
import { route } from "../../route.ts";
import { keyView } from "./view.ts";

export const rotateKeyRoute = route({
  method: "POST",
  path: "/v1/keys/{id}/rotate",
  operationId: "rotateKey",
  tag: "keys",
  summary: "Replace a key by a new one with the same rights",
  auth: "keys:write",
  params: keyId,
  body: shape,
  responses: { 201: { description: "The new key, shown this once.", body: newKeyShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, actor, caller, params, body }) => {
    const { secret, row } = await rotateKey(deps, actor, caller, params.id, body.overlap_seconds);
    return { status: 201, body: { ...keyView(row), key: secret } };
  },
});
