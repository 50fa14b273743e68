/** What every http provider needs to read an answer that may be anything at all. */

/** The body as a JSON object; an empty one for whatever is not. */
export function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // HTML of a proxy, or an answer cut short: what it says is in the status
  }
}

/** A field that is text and not empty. */
export function text(object: Readonly<Record<string, unknown>>, field: string): string | null {
  const value = object[field];
  return typeof value === "string" && value !== "" ? value : null;
}

/** What a provider said, fit for a row: one line of at most 300 characters. */
export function excerpt(said: string, otherwise: string): string {
  return said.replaceAll(/\s+/g, " ").trim().slice(0, 300) || otherwise;
}

/** Retry-After in seconds (no provider here sends a date), as milliseconds, a day at most; undefined where there is none. */
export function retryAfterMs(headers: Headers): number | undefined {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 86_400) * 1000 : undefined;
}
