import { page, pageOf } from "../../../../src/shared/contract/common.ts";
import { noticeShape, listTenantNotices as shape } from "../../../../src/shared/contract/notices.ts";
import { noticesOf } from "../../../../src/shared/db/control/notices.ts";
import { route } from "../../route.ts";
import { noticeView } from "../notices/view.ts";

export const listTenantNoticesRoute = route({
  method: "GET",
  path: "/admin/notices",
  operationId: "listTenantNotices",
  tag: "operator",
  summary: "List what a tenant was told, newest first",
  auth: "operator",
  query: shape,
  responses: { 200: { description: "A page of notices; none for a tenant that is not there.", body: pageOf(noticeShape) } },
  handle: async ({ deps, query }) => {
    const { tenant_id: tenantId, cursor, limit, type, project_id: projectId } = query;
    const rows = await noticesOf(deps.control, { tenantId }).list({ type, projectId }, cursor ?? null, limit + 1);
    return { status: 200, body: page(rows, limit, (row) => row.id, noticeView) };
  },
});
