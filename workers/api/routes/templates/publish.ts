import { publishVersion, templateId, templateShape } from "../../../../src/shared/contract/templates.ts";
import { publishTemplate } from "../../../../src/shared/verbs/publish-template.ts";
import { route } from "../../route.ts";
import { templateView } from "./view.ts";

export const publishTemplateRoute = route({
  method: "POST",
  path: "/v1/templates/{id}/publish",
  operationId: "publishTemplate",
  tag: "templates",
  summary: "Publish a version",
  description: "Sends without an explicit version use it from now on; everywhere within 30 seconds.",
  auth: "templates:write",
  params: templateId,
  body: publishVersion,
  examples: [{ summary: "The first version", body: { version: 1 } }],
  responses: { 200: { description: "The template.", body: templateShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, actor, params, body }) => ({
    status: 200,
    body: templateView(await publishTemplate(deps, actor, params.id, body.version)),
  }),
});
