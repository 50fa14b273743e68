import { z } from "zod";
import { attachmentPage } from "../../../../src/shared/contract/attachments.ts";
import { page, pageQuery } from "../../../../src/shared/contract/common.ts";
import { attachmentsOf } from "../../../../src/shared/db/control/attachments.ts";
import { route } from "../../route.ts";
import { attachmentView } from "./view.ts";

export const listAttachmentsRoute = route({
  method: "GET",
  path: "/v1/attachments",
  operationId: "listAttachments",
  tag: "attachments",
  summary: "List the attachments of this project, newest first",
  auth: "attachments:read",
  query: z.strictObject(pageQuery),
  responses: { 200: { description: "A page of attachments.", body: attachmentPage } },
  handle: async ({ deps, caller, query }) => {
    const rows = await attachmentsOf(deps.control, caller).list(query.cursor ?? null, query.limit + 1);
    return { status: 200, body: page(rows, query.limit, (row) => row.id, attachmentView) };
  },
});
