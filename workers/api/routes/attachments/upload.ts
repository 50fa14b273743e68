import { attachmentShape, uploadQuery } from "../../../../src/shared/contract/attachments.ts";
import { dispositionFilename, MAX_ATTACHMENT_BYTES } from "../../../../src/shared/core/attachment.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { createAttachment } from "../../../../src/shared/verbs/create-attachment.ts";
import { readBytes } from "../../../read-bytes.ts";
import { route } from "../../route.ts";
import { attachmentView } from "./view.ts";

export const uploadAttachmentRoute = route({
  method: "POST",
  path: "/v1/attachments",
  operationId: "uploadAttachment",
  tag: "attachments",
  summary: "Upload a file to attach to messages",
  description:
    "The body is the file itself, under its own Content-Type. Files that can be run (programs, scripts, disk images) are refused. " +
    "All attachments of one message have at most 25 MiB together.",
  auth: "attachments:write",
  query: uploadQuery,
  rawBody: "streamed",
  maxBodyBytes: MAX_ATTACHMENT_BYTES,
  responses: { 201: { description: "The attachment.", body: attachmentShape } },
  faults: ["body_too_large", "validation_failed"],
  handle: async ({ deps, actor, query, request }) => {
    const header = request.headers.get("content-disposition");
    const row = await createAttachment(deps, actor, {
      filename: query.filename ?? (header === null ? null : dispositionFilename(header)),
      contentType: request.headers.get("content-type") ?? "application/octet-stream",
      ...(await bodyOf(request)),
    });
    return { status: 201, body: attachmentView(row) };
  },
});

/** As a stream where the caller says how long it is; else read whole, since R2 takes no stream of unknown length. */
async function bodyOf(request: Request): Promise<{ body: ReadableStream<Uint8Array>; sizeBytes: number }> {
  const declared = Number(request.headers.get("content-length") ?? Number.NaN);
  if (declared > MAX_ATTACHMENT_BYTES) {
    throw new Fault("body_too_large", { detail: `This endpoint takes at most ${MAX_ATTACHMENT_BYTES} bytes.` });
  }
  if (Number.isInteger(declared) && request.body) return { body: request.body, sizeBytes: declared };
  const bytes = await readBytes(request, MAX_ATTACHMENT_BYTES);
  return { body: new Blob([bytes as Uint8Array<ArrayBuffer>]).stream(), sizeBytes: bytes.byteLength };
}
