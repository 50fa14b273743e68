import { z } from "zod";
import { fileToken } from "../../../../src/shared/contract/attachments.ts";
import { contentDisposition } from "../../../../src/shared/core/attachment.ts";
import { openFileLink } from "../../../../src/shared/verbs/file-links.ts";
import { route } from "../../route.ts";

/** Uploaded bytes never run under this origin: no type to guess, no page to show, and a download in any case. */
const INERT = {
  "content-type": "application/octet-stream",
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; sandbox",
  "cache-control": "private, no-store",
  "referrer-policy": "no-referrer",
};

/** What WhatsApp takes, by what it is served as; none of it runs anywhere. https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media */
const MEDIA =
  /^(image\/(jpeg|png|webp)|video\/(mp4|3gpp)|audio\/(aac|mp4|mpeg|amr|ogg)|text\/plain|application\/(pdf|msword|vnd\.ms-(excel|powerpoint)|vnd\.openxmlformats-officedocument\.[a-z.]+))$/;

export const downloadFileRoute = route({
  method: "GET",
  path: "/files/{token}",
  operationId: "downloadFile",
  tag: "attachments",
  summary: "Download a file by its signed link",
  auth: "public",
  params: fileToken,
  responses: {
    200: {
      description: "The bytes.",
      body: z.string().meta({ format: "binary" }),
      mediaType: "application/octet-stream",
      headers: { "Content-Disposition": "Always `attachment`, with the file's name." },
    },
  },
  faults: ["not_found"],
  handle: async ({ deps, params }) => {
    const { row, body, isTyped } = await openFileLink(deps, params.token);
    const headers = {
      ...INERT,
      ...(isTyped && MEDIA.test(row.contentType) && { "content-type": row.contentType }),
      "content-length": String(row.sizeBytes),
      "content-disposition": contentDisposition(row.filename),
    };
    return new Response(body, { headers });
  },
});
