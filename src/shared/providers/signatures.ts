/** What callbacks are verified with. Comparing secrets takes the same time wherever they differ. */
import { compactVerify, errors } from "jose";

/** How far a callback's timestamp may be from now, either way: https://www.standardwebhooks.com (five minutes). */
export const REPLAY_WINDOW_MS = 300_000;

/** Whether a timestamp in seconds since 1970 is near enough to `now` (milliseconds). */
export function isFresh(seconds: string, now: number): boolean {
  return /^\d{1,12}$/.test(seconds) && Math.abs(now - Number(seconds) * 1000) <= REPLAY_WINDOW_MS;
}

/** The bytes of base64 text, padded or not; null for what is none. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null; // not base64
  }
}

/** The bytes of hexadecimal text; null for what is none. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) return null;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Parts of what is signed, text as UTF-8, one after the other. */
export function joined(...parts: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const chunks = parts.map((part) => (typeof part === "string" ? new TextEncoder().encode(part) : part));
  const all = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Whether `signature` is the HMAC-SHA256 of `signed`. No key that is empty signs anything. */
export async function isHmacSha256(key: Uint8Array<ArrayBuffer>, signature: Uint8Array, signed: Uint8Array): Promise<boolean> {
  if (key.length === 0) return false;
  const hmac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  return crypto.subtle.verify("HMAC", hmac, signature, signed);
}

/** Whether two texts are the same. `expected` is ours and not empty. */
export async function isSameText(given: string, expected: string): Promise<boolean> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", joined("carillon", expected), algorithm, false, ["sign", "verify"]);
  return crypto.subtle.verify("HMAC", key, await crypto.subtle.sign("HMAC", key, joined(given)), joined(expected));
}

/**
 * Whether one of the signatures is right, by the Standard Webhooks scheme: `v1,<base64 of HMAC-SHA256(id.timestamp.body)>`,
 * several of them parted by spaces while a secret is being replaced. `secret`: `whsec_` and base64.
 */
export async function isStandardWebhook(
  secret: string,
  { id, timestamp, signatures }: { readonly id: string; readonly timestamp: string; readonly signatures: string },
  body: Uint8Array,
): Promise<boolean> {
  const key = fromBase64(secret.replace(/^whsec_/, ""));
  const signed = joined(`${id}.${timestamp}.`, body);
  for (const entry of signatures.split(" ").slice(0, MAX_SIGNATURES)) {
    const signature = entry.startsWith("v1,") ? fromBase64(entry.slice(3)) : null;
    if (key !== null && signature !== null && (await isHmacSha256(key, signature, signed))) return true;
  }
  return false;
}
const MAX_SIGNATURES = 10;

/**
 * The claims of a JWT that was signed with this secret by an HMAC; null for any other. Whether it is of now, is for the
 * caller to see: not every provider says when its tokens end.
 */
export async function readHmacJwt(
  token: string,
  secret: string,
  algorithms: readonly ("HS256" | "HS384" | "HS512")[],
): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    const { payload } = await compactVerify(token, joined(secret), { algorithms: [...algorithms] });
    const claims: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : null;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Whether `claimed` is the SHA-256 of the bytes, in hexadecimal. */
export async function isSha256Hex(claimed: unknown, bytes: Uint8Array): Promise<boolean> {
  const given = typeof claimed === "string" ? fromHex(claimed) : null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", joined(bytes)));
  return given !== null && given.length === digest.length && given.every((byte, i) => byte === digest[i]);
}
