/** The list of whom not to write to: bodies, rows, and the files that bring many of them. */
import { z } from "zod";
import { CHANNELS, type Channel } from "../core/channels.ts";
import { normaliseDestination } from "../core/destination.ts";
import { SUPPRESSION_REASONS, type SuppressionPlace, suppressionKey } from "../core/suppression.ts";
import { pageQuery, timestamp } from "./common.ts";

const channel = z.enum(CHANNELS);
const reason = z
  .enum(SUPPRESSION_REASONS)
  .describe("`unsubscribe` does not hold for messages of priority `critical`; every other reason holds for all.");
const expiresAt = timestamp.nullable().optional().describe("For ever unless set.");
const destination = z.string().min(1).max(4096);

/** The destination in the one spelling in which it is compared; a flaw where it is none of its channel. */
function keyed<T extends { channel: Channel; destination: string }>(row: T, ctx: z.RefinementCtx): T {
  const normalised = normaliseDestination(row.channel, row.destination);
  if (normalised.ok) return { ...row, destination: suppressionKey(row.channel, normalised.destination) };
  ctx.addIssue({ code: "custom", path: ["destination"], message: normalised.reason });
  return z.NEVER;
}

export const addSuppression = z
  .strictObject({ channel, destination, reason: reason.default("manual"), expires_at: expiresAt })
  .transform(keyed);

/** A line of a file: what an export holds, of which only this much counts. */
export const importedRow = z
  .object({
    channel,
    destination,
    reason: reason.default("manual"),
    created_at: timestamp.optional(),
    expires_at: expiresAt,
  })
  .transform(keyed);

export const listSuppressions = z.strictObject({
  limit: pageQuery.limit,
  cursor: z.string().max(4200).optional().describe("`next_cursor` of the page before."),
  channel: channel.optional(),
  reason: z.enum(SUPPRESSION_REASONS).optional(),
  destination: z.string().max(4096).optional().describe("Just this one, on every channel or on that of `channel`."),
});

/** Of any form: one that names nothing finds nothing. */
export const suppressionPlace = z.object({ channel: z.string(), destination: z.string() });

export const FORMATS = ["ndjson", "csv"] as const;
export type Format = (typeof FORMATS)[number];
export const MEDIA_TYPES: Readonly<Record<Format, string>> = { ndjson: "application/x-ndjson", csv: "text/csv" };

export const exportQuery = z.strictObject({ format: z.enum(FORMATS).default("ndjson") });

export const suppressionShape = z
  .object({
    channel,
    destination: z.string(),
    reason,
    source: z.string().describe("Who said so: `provider:ses`, `key:key_…`, `link` (an unsubscribe link), `operator`."),
    project_id: z.string().nullable().describe("Where it came up; it holds for the whole tenant."),
    message_id: z.string().nullable().describe("The message that it came up with."),
    created_at: timestamp,
    expires_at: timestamp.nullable().describe("Null for ever."),
  })
  .meta({ id: "Suppression" });

export const importAnswer = z
  .object({
    accepted: z.int().describe("Lines taken. A destination that is there already keeps the reason that weighs more."),
    rejected: z.int(),
    errors: z
      .array(z.object({ line: z.int(), message: z.string() }))
      .describe("The first 100 lines that were not taken, and why."),
  })
  .meta({ id: "SuppressionImport" });

/** A place as a cursor, and back: a channel has no space in it. */
export function cursorOf({ channel: of, destination: at }: SuppressionPlace): string {
  return `${of} ${at}`;
}

export function placeOfCursor(cursor: string | undefined): SuppressionPlace | null {
  if (cursor === undefined) return null;
  const cut = cursor.indexOf(" ");
  return cut < 0 ? { channel: cursor, destination: "" } : { channel: cursor.slice(0, cut), destination: cursor.slice(cut + 1) };
}
