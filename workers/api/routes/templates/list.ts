import { z } from "zod";
import { page, pageQuery } from "../../../../src/shared/contract/common.ts";
import { templatePage } from "../../../../src/shared/contract/templates.ts";
import { templatesOf } from "../../../../src/shared/db/control/templates.ts";
import { route } from "../../route.ts";
import { templateView } from "./view.ts";

export const listTemplatesRoute = route({
  method: "GET",
  path: "/v1/templates",
  operationId: "listTemplates",
  tag: "templates",
  summary: "List the templates of this project, newest first",
  description: "Without those that are archived.",
  auth: "templates:read",
  query: z.strictObject(pageQuery),
  responses: { 200: { description: "A page of templates.", body: templatePage } },
  handle: async ({ deps, caller, query }) => {
    const rows = await templatesOf(deps.control, caller).list(query.cursor ?? null, query.limit + 1);
    return { status: 200, body: page(rows, query.limit, (row) => row.id, templateView) };
  },
});
