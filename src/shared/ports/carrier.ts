/**
 * Takes a provider's Request outside, once, with a timeout, and brings back what it said. Never retries:
 * the retry has one owner. Never throws: a failure on the way is an answer of its own.
 *
 * Implemented by adapters/fetch-carrier.ts (the only file that fetches a provider), and by testing/fakes.ts.
 */
export type Carried =
  | { readonly kind: "answered"; readonly status: number; readonly headers: Headers; readonly body: string }
  /** Nothing reached the provider: the connection was refused, or the address did not resolve. */
  | { readonly kind: "not_sent"; readonly reason: string }
  /** The request may have arrived: a timeout or a broken connection after it went out. */
  | { readonly kind: "unknown"; readonly reason: string };

export interface Carrier {
  /** `statusIsEnough`: an answer whose body never ends, or breaks off, is one all the same, with what came of it. */
  carry(request: Request, timeoutMs: number, options?: { readonly statusIsEnough?: boolean }): Promise<Carried>;
}
