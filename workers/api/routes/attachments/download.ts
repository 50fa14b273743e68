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
    const { row, body } = await openFileLink(deps, params.token);
    const headers = {
      ...INERT,
      "content-length": String(row.sizeBytes),
      "content-disposition": contentDisposition(row.filename),
    };
    return new Response(body, { headers });
  },
});
