import { z } from "zod";
import { page, pageQuery } from "../../../../src/shared/contract/common.ts";
import { templateId, templateVersionPage } from "../../../../src/shared/contract/templates.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { templatesOf } from "../../../../src/shared/db/control/templates.ts";
import { findTemplate } from "../../../../src/shared/verbs/find-template.ts";
import { route } from "../../route.ts";
import { versionView } from "./view.ts";

export const listTemplateVersionsRoute = route({
  method: "GET",
  path: "/v1/templates/{id}/versions",
  operationId: "listTemplateVersions",
  tag: "templates",
  summary: "List the versions of a template, newest first",
  auth: "templates:read",
  params: templateId,
  query: z.strictObject(pageQuery),
  responses: { 200: { description: "A page of versions.", body: templateVersionPage } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params, query }) => {
    const { row, version } = await findTemplate(deps, caller, params.id);
    if (version !== null) throw new Fault("not_found", { detail: "Name the template without a version." });
    const before = query.cursor === undefined ? null : Number(query.cursor);
    if (Number.isNaN(before))
      throw new Fault("bad_request", { errors: [{ path: "cursor", message: "It is not a cursor of this list." }] });
    const rows = await templatesOf(deps.control, caller).versions(row.id, before, query.limit + 1);
    return {
      status: 200,
      body: page(
        rows,
        query.limit,
        (v) => String(v.version),
        (v) => versionView(v, row.publishedVersion),
      ),
    };
  },
});
