/** Whether an error says that a part of the platform is away for a moment: to be answered with 503 and "try again". */

/**
 * D1's and the runtime's own words for it; an error of SQL or of ours is none of them.
 * https://developers.cloudflare.com/d1/observability/debug-d1/ and https://developers.cloudflare.com/durable-objects/observability/troubleshooting/
 */
const AWAY =
  /network connection lost|overloaded|storage operation exceeded timeout|object to be reset|cannot resolve d1 db due to transient|internal error; reference|d1 is away|currently unavailable/i;

export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Set by the runtime on errors of Durable Objects.
  const { retryable, overloaded } = error as { readonly retryable?: boolean; readonly overloaded?: boolean };
  return retryable === true || overloaded === true || AWAY.test(error.message);
}
