/** Shapes that several resources share. */
import { z } from "zod";
import type { Channel } from "../core/channels.ts";

/** RFC 3339 in UTC, as it is in every answer. */
export const timestamp = z.iso.datetime().describe("RFC 3339, UTC.");

export function iso(ms: number): string;
export function iso(ms: number | null): string | null;
export function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** `?limit=` and `?cursor=` of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(20).describe("Rows a page, 1 to 100."),
  cursor: z.string().max(500).optional().describe("`next_cursor` of the page before."),
};

/** A list as every list answers: `{"data": […], "next_cursor": …}`. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), next_cursor: z.string().nullable().describe("Null on the last page.") });
}

/** Cuts a page out of `limit + 1` rows; the cursor is the last row's id. */
export function page<Row, Item>(rows: readonly Row[], limit: number, cursorOf: (row: Row) => string, view: (row: Row) => Item) {
  const shown = rows.slice(0, limit);
  const last = shown[shown.length - 1];
  return { data: shown.map(view), next_cursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** JSON of any depth that a caller hands through, such as variables and metadata. */
export const jsonObject = z.record(z.string().max(200), z.unknown());

/** A channel → a value of its own. */
export function byChannel<T extends z.ZodType>(value: T) {
  return z.strictObject({
    email: value,
    sms: value,
    push: value,
    whatsapp: value,
    inapp: value,
    chat: value,
  } satisfies Record<Channel, T>);
}
