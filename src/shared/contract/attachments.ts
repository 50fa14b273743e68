import { z } from "zod";
import { pageOf, timestamp } from "./common.ts";

export const attachmentId = z.object({ id: z.string().max(64) });

export const uploadQuery = z.strictObject({
  filename: z.string().max(1000).optional().describe("The name that recipients see; or in a Content-Disposition header."),
});

export const attachmentShape = z
  .object({
    id: z.string().describe("What `attachments` of a send lists."),
    project_id: z.string(),
    filename: z.string(),
    content_type: z.string(),
    size_bytes: z.int(),
    sha256: z.string().describe("Of the bytes, in hex."),
    created_at: timestamp,
  })
  .meta({ id: "Attachment" });

export const linkedAttachmentShape = attachmentShape
  .extend({
    download_url: z.string().describe("Works without a key, until it expires."),
    download_url_expires_at: timestamp,
  })
  .meta({ id: "AttachmentWithLink" });

export const attachmentPage = pageOf(attachmentShape);

export const fileToken = z.object({ token: z.string().max(1000) });
