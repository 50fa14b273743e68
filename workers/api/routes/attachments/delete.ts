import { attachmentId } from "../../../../src/shared/contract/attachments.ts";
import { deleteAttachment } from "../../../../src/shared/verbs/delete-attachment.ts";
import { route } from "../../route.ts";

export const deleteAttachmentRoute = route({
  method: "DELETE",
  path: "/v1/attachments/{id}",
  operationId: "deleteAttachment",
  tag: "attachments",
  summary: "Delete an attachment and its bytes",
  description: "A message that was accepted with it and is not yet sent fails.",
  auth: "attachments:write",
  params: attachmentId,
  responses: { 204: { description: "It is gone.", body: null } },
  faults: ["not_found"],
  handle: async ({ deps, actor, params }) => {
    await deleteAttachment(deps, actor, params.id);
    return { status: 204 };
  },
});
