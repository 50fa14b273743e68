/** Makes and reads the tracked links of mails. */
import type { Envelope } from "../core/message.ts";
import { linksOf, parsePlace, placeText, signedText, type TrackedPlace, type Tracking, withTracking } from "../core/tracking.ts";
import type { Deps } from "./deps.ts";

type LinkDeps = Pick<Deps, "linkSecret" | "publicUrl">;

/** Half of an HMAC-SHA-256: nobody guesses 128 bits, and links stay short. */
const MAC_BYTES = 16;

/** Keys by tenant: each tenant's links are signed with a key of its own, derived from LINK_SECRET. */
const keys = new Map<string, { readonly secret: string; readonly key: CryptoKey }>();
const MOST_KEYS = 1000;

async function hmacKey(bytes: BufferSource): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}

async function keyOf({ linkSecret }: Pick<Deps, "linkSecret">, tenantId: string): Promise<CryptoKey> {
  const known = keys.get(tenantId);
  if (known && known.secret === linkSecret) return known.key;
  if (linkSecret.length < 32) throw new Error("LINK_SECRET is missing, or shorter than 32 characters");
  const encoder = new TextEncoder();
  const root = await hmacKey(encoder.encode(linkSecret));
  const key = await hmacKey(await crypto.subtle.sign("HMAC", root, encoder.encode(`tracking ${tenantId}`)));
  if (keys.size >= MOST_KEYS) keys.clear();
  keys.set(tenantId, { secret: linkSecret, key });
  return key;
}

async function macOf(key: CryptoKey, text: string): Promise<string> {
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
  return base64url(mac.subarray(0, MAC_BYTES));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** A mail with what is to be tracked in it; everything else as it is. Nothing is tracked where nobody could visit it. */
export async function tracked(deps: LinkDeps, place: TrackedPlace, envelope: Envelope, tracking: Tracking): Promise<Envelope> {
  if (envelope.channel !== "email" || envelope.html === undefined || deps.publicUrl === "") return envelope;
  if (!tracking.opens && !tracking.clicks) return envelope;
  const key = await keyOf(deps, place.tenantId);
  const at = placeText(place);
  const own = `${deps.publicUrl}/t/`;
  const targets = tracking.clicks ? linksOf(envelope.html).filter((url) => !url.startsWith(own)) : [];
  const links = await Promise.all(
    targets.map(
      async (url) => [url, `${own}c/${at}.${await macOf(key, signedText("c", at, url))}?u=${encodeURIComponent(url)}`] as const,
    ),
  );
  const pixel = tracking.opens ? `${own}o/${at}.${await macOf(key, signedText("o", at, ""))}.gif` : null;
  return { ...envelope, html: withTracking(envelope.html, new Map(links), pixel) };
}

/** The place that a visited link names; null where the link is not ours, or was changed. Constant in time. */
export async function openTracked(
  deps: Pick<Deps, "linkSecret">,
  kind: "o" | "c",
  token: string,
  url: string,
): Promise<TrackedPlace | null> {
  const [at = "", mac = ""] = token.replace(/\.gif$/, "").split(".");
  const place = parsePlace(at);
  if (place === null) return null;
  const expected = await macOf(await keyOf(deps, place.tenantId), signedText(kind, at, kind === "c" ? url : ""));
  return equal(expected, mac) ? place : null;
}

function equal(a: string, b: string): boolean {
  let different = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) different |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return different === 0;
}
