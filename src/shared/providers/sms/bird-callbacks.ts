/**
 * Bird's status reports: a GET whose query says it all, proven by a JWT that holds the SHA-256 of the URL, and of the
 * body where there is one.
 * https://github.com/messagebird/messagebird-nodejs (lib/webhook-signature-jwt.js)
 */
import { z } from "zod";
import type { Callbacks, ProviderSignal } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { attemptIn, forged, idOf, reading, said, timeOf } from "../signals.ts";
import { isSha256Hex, joined, readHmacJwt } from "../signatures.ts";
import { withPlus } from "./parts.ts";

const verification = z.strictObject({ signing_key: secretKey("Signing key") });

/** Its tokens live for a minute; two clocks may differ by as much as its own library allows. */
const LEEWAY_MS = 5_000;

export const birdCallbacks: Callbacks<z.output<typeof verification>> = {
  verification,
  async read({ url, headers, body }, { signing_key }, { now }) {
    const token = headers.get("messagebird-signature-jwt");
    const claims = token === null ? null : await readHmacJwt(token, signing_key, ["HS256", "HS384", "HS512"]);
    if (claims?.iss !== "MessageBird") return forged("It is not signed, or by another.");
    const { nbf, exp } = claims;
    if (typeof nbf !== "number" || typeof exp !== "number") return forged("It does not say when it is good.");
    if (now < nbf * 1000 - LEEWAY_MS || now >= exp * 1000 + LEEWAY_MS) return forged("It is not of now.");
    if (!(await isSha256Hex(claims.url_hash, joined(url.href)))) return forged("Its URL is not the one that was signed.");
    const isEmpty = body.length === 0 && claims.payload_hash === undefined;
    if (!isEmpty && !(await isSha256Hex(claims.payload_hash, body))) return forged("Its body is not the one that was signed.");
    return reading([signalOf(url.searchParams, now) ?? []].flat());
  },
};

const TYPES: ReadonlyMap<string | null, ProviderSignal["type"]> = new Map([
  ["scheduled", "sent"],
  ["sent", "sent"],
  ["buffered", "deferred"],
  ["delivered", "delivered"],
  ["expired", "bounced"],
  ["delivery_failed", "failed"],
]);

function signalOf(report: URLSearchParams, now: number): ProviderSignal | null {
  const status = report.get("status");
  const type = TYPES.get(status);
  const id = idOf(report.get("id"));
  if (type === undefined || id === null) return null;
  const isEnd = type === "failed" || type === "bounced";
  return {
    attemptId: attemptIn(report.get("reference")?.split(" ")[0]),
    providerMessageId: id,
    key: `${id}:${type === "sent" ? type : status}`,
    type,
    at: timeOf(report.get("statusDatetime"), now),
    ...said({
      recipient: withPlus(report.get("recipient")),
      ...(isEnd ? { code: report.get("statusErrorCode") || status, reason: report.get("statusReason") } : {}),
    }),
  };
}
