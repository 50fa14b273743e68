import { type Format, importAnswer, MEDIA_TYPES } from "../../../../src/shared/contract/suppressions.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { importSuppressions } from "../../../../src/shared/verbs/import-suppressions.ts";
import { textOf } from "../../../read-bytes.ts";
import { route } from "../../route.ts";

const MAX_BYTES = 33_554_432;

export const importSuppressionsRoute = route({
  method: "POST",
  path: "/v1/suppressions/import",
  operationId: "importSuppressions",
  tag: "suppressions",
  summary: "Put many destinations on the list",
  description:
    "The body is a file: NDJSON (`application/x-ndjson`), a line of which is an object as `POST /v1/suppressions` takes it, or CSV " +
    "(`text/csv`) whose first line names the columns `channel`, `destination`, and, where wanted, `reason`, `expires_at` and " +
    "`created_at`. An export can be imported as it is. Lines that are wrong are told by their number and do not stop the others; " +
    "a repeat changes nothing. 32 MiB at most.",
  auth: "suppressions:write",
  rawBody: "streamed",
  maxBodyBytes: MAX_BYTES,
  responses: { 200: { description: "How many lines were taken.", body: importAnswer } },
  faults: ["body_too_large", "unsupported_media_type"],
  handle: async ({ deps, actor, request }) => {
    const format = formatOf(request.headers.get("content-type"));
    const imported = await importSuppressions(deps, actor, format, textOf(request, MAX_BYTES));
    const { accepted, rejected, errors } = imported;
    return { status: 200, body: { accepted, rejected, errors: [...errors] }, log: { accepted, rejected } };
  },
});

const OTHER_NAMES: Readonly<Record<string, Format>> = {
  "application/json": "ndjson",
  "application/jsonl": "ndjson",
  "application/ndjson": "ndjson",
};

function formatOf(contentType: string | null): Format {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const format = (Object.keys(MEDIA_TYPES) as Format[]).find((one) => MEDIA_TYPES[one] === type) ?? OTHER_NAMES[type];
  if (format === undefined) {
    throw new Fault("unsupported_media_type", { detail: "Send application/x-ndjson or text/csv." });
  }
  return format;
}
