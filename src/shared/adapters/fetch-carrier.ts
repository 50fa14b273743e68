/** The only file that fetches a provider. Once, with a timeout, without redirects, and never again. */
import type { Carried, Carrier } from "../ports/carrier.ts";

/** A provider's answer is cut here: ids and errors are short, and a hostile one must not fill memory. */
const MAX_ANSWER_CHARS = 65_536;

/** `by`: where requests leave by; the runtime's own way out unless given. */
export function fetchCarrier(by: Pick<Fetcher, "fetch"> = { fetch }): Carrier {
  return {
    async carry(request, timeoutMs): Promise<Carried> {
      const abort = new AbortController();
      // Not AbortSignal.timeout(): an uncleared timer keeps the isolate busy until it fires.
      const timer = setTimeout(() => abort.abort(), timeoutMs);
      try {
        const response = await by.fetch(request, { signal: abort.signal, redirect: "manual" });
        const body = (await response.text()).slice(0, MAX_ANSWER_CHARS);
        return { kind: "answered", status: response.status, headers: response.headers, body };
      } catch (error) {
        if (abort.signal.aborted) return { kind: "unknown", reason: `no answer within ${timeoutMs} ms` };
        const reason = error instanceof Error ? error.message : String(error);
        return neverSent(reason) ? { kind: "not_sent", reason } : { kind: "unknown", reason };
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Errors that workerd reports before a byte of the request has left. */
function neverSent(reason: string): boolean {
  return /connection refused|ECONNREFUSED|DNS lookup failed|Invalid URL|unable to resolve|TLS handshake/i.test(reason);
}
