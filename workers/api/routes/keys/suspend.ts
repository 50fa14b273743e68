import { keyId, keyShape } from "../../../../src/shared/contract/keys.ts";
import { suspendOwnKey } from "../../../../src/shared/verbs/suspend-key.ts";
import { route } from "../../route.ts";
import { keyView } from "./view.ts";

export const suspendKeyRoute = route({
  method: "POST",
  path: "/v1/keys/{id}/suspend",
  operationId: "suspendKey",
  tag: "keys",
  summary: "Suspend a key, at once and everywhere, until it is resumed",
  description:
    "Every call with the key is answered 403 `key_suspended`. What was accepted before is still sent. A key may suspend itself, " +
    "and cannot undo it.\n\nCarillon does the same by itself with a live key that looks abused: one that sends, within a minute, " +
    "5,000 messages or more and over 20 times its own average of the last hour (known for at least 30 minutes), or one of whose " +
    "messages of ten minutes at least 200, and at least half, are refused for good or bounce. It says so at `GET /v1/notices`.",
  auth: "keys:write",
  params: keyId,
  responses: { 200: { description: "The suspended key. Repeating the call changes nothing.", body: keyShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, actor, caller, params }) => ({
    status: 200,
    body: keyView(await suspendOwnKey(deps, actor, caller, params.id)),
  }),
});
