import { page, pageOf } from "../../../../src/shared/contract/common.ts";
import { noticeShape, listNotices as shape } from "../../../../src/shared/contract/notices.ts";
import { noticesOf } from "../../../../src/shared/db/control/notices.ts";
import { route } from "../../route.ts";
import { noticeView } from "./view.ts";

export const listNoticesRoute = route({
  method: "GET",
  path: "/v1/notices",
  operationId: "listNotices",
  tag: "notices",
  summary: "List what Carillon tells you about itself, newest first",
  description:
    "Notices of the whole tenant: the newest 10,000 are kept, for 90 days. A key of any of its projects with the scope reads them.",
  auth: "notices:read",
  tenantWide: true,
  query: shape,
  responses: { 200: { description: "A page of notices.", body: pageOf(noticeShape) } },
  handle: async ({ deps, caller, query }) => {
    const { cursor, limit, type, project_id: projectId } = query;
    const rows = await noticesOf(deps.control, caller).list({ type, projectId }, cursor ?? null, limit + 1);
    return { status: 200, body: page(rows, limit, (row) => row.id, noticeView) };
  },
});
