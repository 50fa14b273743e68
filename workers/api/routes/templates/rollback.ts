import { rollbackTemplate as shape, templateId, templateShape } from "../../../../src/shared/contract/templates.ts";
import { rollbackTemplate } from "../../../../src/shared/verbs/publish-template.ts";
import { route } from "../../route.ts";
import { templateView } from "./view.ts";

export const rollbackTemplateRoute = route({
  method: "POST",
  path: "/v1/templates/{id}/rollback",
  operationId: "rollbackTemplate",
  tag: "templates",
  summary: "Publish an earlier version again",
  auth: "templates:write",
  params: templateId,
  body: shape,
  examples: [
    { summary: "To a version", body: { version: 1 } },
    { summary: "To the version before", body: {} },
  ],
  responses: { 200: { description: "The template.", body: templateShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, actor, params, body }) => ({
    status: 200,
    body: templateView(await rollbackTemplate(deps, actor, params.id, body.version)),
  }),
});
