import { updateTemplate as shape, templateId, templateShape } from "../../../../src/shared/contract/templates.ts";
import { updateTemplate } from "../../../../src/shared/verbs/update-template.ts";
import { route } from "../../route.ts";
import { templateView } from "./view.ts";

export const updateTemplateRoute = route({
  method: "PATCH",
  path: "/v1/templates/{id}",
  operationId: "updateTemplate",
  tag: "templates",
  summary: "Change a template's description",
  description: "Its content changes by a new version; its name stays.",
  auth: "templates:write",
  params: templateId,
  body: shape,
  responses: { 200: { description: "The template.", body: templateShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, actor, params, body }) => ({
    status: 200,
    body: templateView(await updateTemplate(deps, actor, params.id, body.description)),
  }),
});
