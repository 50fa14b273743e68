import { addVersion, TEMPLATE_BODY_BYTES, templateId, templateVersionShape } from "../../../../src/shared/contract/templates.ts";
import { addTemplateVersion } from "../../../../src/shared/verbs/add-template-version.ts";
import { route } from "../../route.ts";
import { versionView } from "./view.ts";

export const addTemplateVersionRoute = route({
  method: "POST",
  path: "/v1/templates/{id}/versions",
  operationId: "addTemplateVersion",
  tag: "templates",
  summary: "Add a version to a template",
  description: "Versions count 1, 2, 3 and never change. Two that are added at once are two versions.",
  auth: "templates:write",
  params: templateId,
  maxBodyBytes: TEMPLATE_BODY_BYTES,
  body: addVersion,
  examples: [{ summary: "A new text", body: { content: { sms: { text: "Order {{ order.id }} left today." } } } }],
  responses: { 201: { description: "The version.", body: templateVersionShape } },
  faults: ["not_found", "conflict", "template_invalid", "unavailable"],
  handle: async ({ deps, actor, params, body }) => {
    const { row, version } = await addTemplateVersion(deps, actor, params.id, body);
    return { status: 201, body: versionView(version, row.publishedVersion) };
  },
});
