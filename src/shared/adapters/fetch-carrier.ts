/** The only file that fetches a provider. Once, with a timeout, without redirects, and never again. */
import type { Carried, Carrier } from "../ports/carrier.ts";

/** An answer is read no further: ids and errors are short, and a hostile one must not fill memory, or never end. */
const MAX_ANSWER_BYTES = 65_536;

/** `by`: where requests leave by; the runtime's own way out unless given. None lasts longer than `mostMs`. */
export function fetchCarrier(
  by: Pick<Fetcher, "fetch"> = { fetch: (...args) => fetch(...args) },
  mostMs: number = Number.POSITIVE_INFINITY,
): Carrier {
  return {
    async carry(request, wantedMs, { statusIsEnough = false } = {}): Promise<Carried> {
      const timeoutMs = Math.min(wantedMs, mostMs);
      const abort = new AbortController();
      // Not AbortSignal.timeout(): an uncleared timer keeps the isolate busy until it fires.
      const timer = setTimeout(() => abort.abort(), timeoutMs);
      try {
        const response = await by.fetch(request, { signal: abort.signal, redirect: "manual" });
        if (NEVER_REACHED.has(response.status))
          return { kind: "not_sent", reason: `the origin was not reached (${response.status})` };
        const read = { text: "" };
        try {
          await readInto(read, response.body, abort.signal);
        } catch (error) {
          if (!statusIsEnough) throw error;
        }
        return { kind: "answered", status: response.status, headers: response.headers, body: read.text };
      } catch (error) {
        if (abort.signal.aborted) return { kind: "unknown", reason: `no answer within ${timeoutMs} ms` };
        // workerd says "Network connection lost" of a refused connection and of one that broke half way alike.
        return { kind: "unknown", reason: error instanceof Error ? error.message : String(error) };
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Throws where the body breaks off, and when `until` says that it has had its time, whether or not the stream hears of that. */
async function readInto(read: { text: string }, body: ReadableStream<Uint8Array> | null, until: AbortSignal): Promise<void> {
  if (body === null) return;
  const decoder = new TextDecoder();
  const reader = body.getReader();
  // Whoever hangs up does not care how the other side takes it.
  const hangUp = () => reader.cancel().catch(() => undefined);
  until.addEventListener("abort", hangUp, { once: true });
  for (let left = MAX_ANSWER_BYTES; left > 0; ) {
    const { done, value } = await reader.read();
    until.throwIfAborted();
    if (done) {
      read.text += decoder.decode();
      return;
    }
    read.text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
  }
  await hangUp();
}

/**
 * Cloudflare's own answers for an origin that no request reached: refused (521), no route (523), no TLS (525, 526).
 * 520, 522 and 524 are not among them: there the request may have arrived.
 * https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
 */
const NEVER_REACHED: ReadonlySet<number> = new Set([521, 523, 525, 526]);
