import { templateId, templateShape } from "../../../../src/shared/contract/templates.ts";
import { archiveTemplate } from "../../../../src/shared/verbs/archive-template.ts";
import { route } from "../../route.ts";
import { templateView } from "./view.ts";

export const archiveTemplateRoute = route({
  method: "DELETE",
  path: "/v1/templates/{id}",
  operationId: "archiveTemplate",
  tag: "templates",
  summary: "Archive a template",
  description:
    "New sends cannot use it (elsewhere within 30 seconds), messages that were accepted with it are still sent, and its name is free again. " +
    "It can be read by its id.",
  auth: "templates:write",
  params: templateId,
  responses: {
    200: { description: "The archived template. Repeating the call by its id changes nothing.", body: templateShape },
  },
  faults: ["not_found"],
  handle: async ({ deps, actor, params }) => ({
    status: 200,
    body: templateView(await archiveTemplate(deps, actor, params.id)),
  }),
});
