import { fullTemplateShape, templateRef } from "../../../../src/shared/contract/templates.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { templatesOf } from "../../../../src/shared/db/control/templates.ts";
import { findTemplate } from "../../../../src/shared/verbs/find-template.ts";
import { route } from "../../route.ts";
import { templateView, versionView } from "./view.ts";

export const getTemplateRoute = route({
  method: "GET",
  path: "/v1/templates/{id}",
  operationId: "getTemplate",
  tag: "templates",
  summary: "Read a template with the content of one version",
  description: "Of the version that is named (`order_shipped:v3`), else of the published one, else of the latest.",
  auth: "templates:read",
  params: templateRef,
  responses: { 200: { description: "The template.", body: fullTemplateShape } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params }) => {
    const { row, version } = await findTemplate(deps, caller, params.id);
    const wanted = version ?? row.publishedVersion ?? row.latestVersion;
    const found = await templatesOf(deps.control, caller).version(row.id, wanted);
    if (!found) throw new Fault("not_found", { detail: "There is no such version." });
    const { content } = versionView(found, row.publishedVersion);
    return { status: 200, body: { ...templateView(row), version: wanted, content } };
  },
});
