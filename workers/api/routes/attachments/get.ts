import { attachmentId, linkedAttachmentShape } from "../../../../src/shared/contract/attachments.ts";
import { iso } from "../../../../src/shared/contract/common.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { attachmentsOf } from "../../../../src/shared/db/control/attachments.ts";
import { signFileLink } from "../../../../src/shared/verbs/file-links.ts";
import { route } from "../../route.ts";
import { attachmentView } from "./view.ts";

export const getAttachmentRoute = route({
  method: "GET",
  path: "/v1/attachments/{id}",
  operationId: "getAttachment",
  tag: "attachments",
  summary: "Read what is known about an attachment, with a link to its bytes",
  auth: "attachments:read",
  params: attachmentId,
  responses: { 200: { description: "The attachment.", body: linkedAttachmentShape } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params, request }) => {
    const row = await attachmentsOf(deps.control, caller).get(params.id);
    if (!row) throw new Fault("not_found");
    const { token, expiresAt } = await signFileLink(deps, row);
    const origin = deps.publicUrl === "" ? new URL(request.url).origin : deps.publicUrl;
    return {
      status: 200,
      body: { ...attachmentView(row), download_url: `${origin}/files/${token}`, download_url_expires_at: iso(expiresAt) },
    };
  },
});
