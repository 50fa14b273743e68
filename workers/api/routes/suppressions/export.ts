import { z } from "zod";
import { exportQuery, type Format, MEDIA_TYPES } from "../../../../src/shared/contract/suppressions.ts";
import { csvRecord } from "../../../../src/shared/core/records.ts";
import type { Suppression } from "../../../../src/shared/core/suppression.ts";
import type { TenantScope } from "../../../../src/shared/db/scope.ts";
import type { Deps } from "../../../../src/shared/verbs/deps.ts";
import { allSuppressions } from "../../../../src/shared/verbs/list-suppressions.ts";
import { route } from "../../route.ts";
import { suppressionView } from "./view.ts";

const COLUMNS = ["channel", "destination", "reason", "source", "project_id", "message_id", "created_at", "expires_at"] as const;

export const exportSuppressionsRoute = route({
  method: "GET",
  path: "/v1/suppressions/export",
  operationId: "exportSuppressions",
  tag: "suppressions",
  summary: "Get the whole list as a file",
  description: "NDJSON, or CSV with `?format=csv`. It can be imported as it is.",
  auth: "suppressions:read",
  tenantWide: true,
  query: exportQuery,
  responses: {
    200: {
      description: "A line a suppression.",
      body: z.string(),
      mediaType: MEDIA_TYPES.ndjson,
      headers: { "Content-Disposition": "`attachment`, with a name for the file." },
    },
  },
  handle: async ({ deps, caller, query: { format } }) =>
    new Response(streamOf(bytesOf(deps, caller, format)), {
      headers: {
        "content-type": `${MEDIA_TYPES[format]}; charset=utf-8`,
        "content-disposition": `attachment; filename="suppressions.${format}"`,
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
      },
    }),
});

/** A page is read when the one before it is on its way. */
function streamOf(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces.return(undefined);
    },
  });
}

async function* bytesOf(deps: Pick<Deps, "control">, scope: TenantScope, format: Format): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  if (format === "csv") yield encoder.encode(`${COLUMNS.join(",")}\r\n`);
  for await (const rows of allSuppressions(deps, scope)) yield encoder.encode(rows.map((row) => lineOf(row, format)).join(""));
}

function lineOf(row: Suppression, format: Format): string {
  const view = suppressionView(row);
  return format === "csv" ? `${csvRecord(COLUMNS.map((column) => view[column]))}\r\n` : `${JSON.stringify(view)}\n`;
}
