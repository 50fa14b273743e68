import { previewShape, preview as shape, TEMPLATE_BODY_BYTES } from "../../../../src/shared/contract/templates.ts";
import { preview } from "../../../../src/shared/verbs/preview.ts";
import { route } from "../../route.ts";
import { previewView } from "./view.ts";

export const previewRoute = route({
  method: "POST",
  path: "/v1/preview",
  operationId: "preview",
  tag: "templates",
  summary: "Render a template or inline content, and send nothing",
  description: "Every missing variable is named at once, as `variables.…` in `errors`.",
  auth: "templates:read",
  maxBodyBytes: TEMPLATE_BODY_BYTES,
  body: shape,
  examples: [
    {
      summary: "Inline content",
      body: { content: { sms: { text: "Hi {{ name }}" } }, variables: { name: "Ada" }, locale: "en-GB" },
    },
  ],
  responses: { 200: { description: "Each channel as its provider would get it.", body: previewShape } },
  faults: ["template_invalid"],
  handle: async ({ deps, caller, body }) => ({ status: 200, body: previewView(await preview(deps, caller, body)) }),
});
