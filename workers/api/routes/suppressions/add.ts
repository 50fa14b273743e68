import { addSuppression as shape, suppressionShape } from "../../../../src/shared/contract/suppressions.ts";
import { addSuppression } from "../../../../src/shared/verbs/change-suppressions.ts";
import { route } from "../../route.ts";
import { suppressionView } from "./view.ts";

export const addSuppressionRoute = route({
  method: "POST",
  path: "/v1/suppressions",
  operationId: "addSuppression",
  tag: "suppressions",
  summary: "Put a destination on the list",
  description:
    "One that is there already keeps the reason that weighs more: `manual` above all, `unsubscribe` below all. Messages that are planned from now on are held back.",
  auth: "suppressions:write",
  body: shape,
  examples: [
    { summary: "By hand", body: { channel: "email", destination: "ada@example.com" } },
    { summary: "For a while", body: { channel: "sms", destination: "+447700900123", expires_at: "2030-01-01T00:00:00Z" } },
  ],
  responses: { 201: { description: "The suppression as it stands.", body: suppressionShape } },
  handle: async ({ deps, actor, body: { expires_at: expires, ...asked } }) => {
    const row = await addSuppression(deps, actor, { ...asked, expiresAt: expires == null ? null : Date.parse(expires) });
    return { status: 201, body: suppressionView(row) };
  },
});
