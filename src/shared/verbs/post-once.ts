/** One post to a customer: checked, signed, sent once. */
import { POST_TIMEOUT_MS, type PostAnswer } from "../core/callback.ts";
import { endpointFlaw } from "../core/endpoint.ts";
import { type Signer, signatureHeaders } from "../core/webhook-signature.ts";
import type { Deps } from "./deps.ts";

const USER_AGENT = "Carillon-Webhooks/1";
const MAX_URL_CHARS = 2000;

/** What is wrong with an address that events are to be posted to; null where it may be used. Queries are allowed. */
export function addressFlaw(url: string, allowPrivateEndpoints: boolean): string | null {
  if (url.length > MAX_URL_CHARS) return `It must not be longer than ${MAX_URL_CHARS} characters.`;
  return endpointFlaw(url, allowPrivateEndpoints, { mayHaveQuery: true });
}

/** No redirect is followed, and no answer is a throw. The caller has looked at the address. */
export async function postOnce(
  deps: Pick<Deps, "carrier" | "now">,
  signers: readonly Signer[],
  { url, id, body }: { readonly url: string; readonly id: string; readonly body: string },
): Promise<PostAnswer> {
  const timestamp = Math.floor(deps.now() / 1000);
  const headers = {
    "content-type": "application/json",
    "user-agent": USER_AGENT,
    ...(await signatureHeaders(signers, { id, timestamp, body })),
  };
  const request = new Request(url, { method: "POST", headers, body });
  const carried = await deps.carrier.carry(request, POST_TIMEOUT_MS, { statusIsEnough: true });
  switch (carried.kind) {
    case "answered":
      return { kind: "answered", status: carried.status, retryAfter: carried.headers.get("retry-after"), body: carried.body };
    case "not_sent":
    case "unknown":
      return { kind: "silent", reason: carried.reason };
  }
}
