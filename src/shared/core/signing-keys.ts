/**
 * The keys that sign callbacks, written as Standard Webhooks writes them: `whsec_` and `whpk_` with base64. One key is
 * both: a secret for HMAC (v1) that its holder was shown once, and an ed25519 pair (v1a) whose public half anybody may read.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import type { Random } from "./ids.ts";

/** What a webhook body is signed with. Kept sealed: only the webhooks Worker opens it. */
export interface SigningKey {
  /** `whsec_…`, 32 bytes. */
  readonly secret: string;
  /** base64 of an ed25519 seed, 32 bytes. */
  readonly seed: string;
}

/** A key as the control database keeps it. */
export interface KeptKey {
  /** Compact JWE of a SigningKey. */
  readonly sealed: string;
  /** `whpk_…`. */
  readonly publicKey: string;
  /** The last characters of the secret, for people to tell keys apart. */
  readonly hint: string;
  readonly createdAt: number;
  /** Signs no more from then on; null for the current key. */
  readonly until: number | null;
}

const SECRET_BYTES = 32;
const HINT_CHARS = 4;
/** Keys that sign at the same time, at most: a receiver is sent a signature by each. */
export const MOST_KEYS = 3;
/** An ed25519 seed becomes a PKCS #8 key behind these bytes: RFC 8410, section 7. */
const PKCS8_PREFIX = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

export interface MintedKey {
  readonly key: SigningKey;
  readonly publicKey: string;
  readonly hint: string;
}

export async function mintSigningKey(random: Random): Promise<MintedKey> {
  const secret = `whsec_${toBase64(random(SECRET_BYTES))}`;
  const seed = toBase64(random(SECRET_BYTES));
  // A key that is exported as "jwk" is one.
  const { x } = (await crypto.subtle.exportKey("jwk", await importSeed(seed, true))) as JsonWebKey;
  if (x === undefined) throw new Error("an ed25519 key without its public half");
  const publicKey = `whpk_${toBase64(bytesOf(x.replaceAll("-", "+").replaceAll("_", "/")))}`;
  return { key: { secret, seed }, publicKey, hint: secret.slice(-HINT_CHARS) };
}

/** The private key of a seed. */
export async function importSeed(seed: string, extractable = false): Promise<CryptoKey> {
  const pkcs8 = Uint8Array.from([...PKCS8_PREFIX, ...bytesOf(seed)]);
  return crypto.subtle.importKey("pkcs8", pkcs8, { name: "Ed25519" }, extractable, ["sign"]);
}

/** The keys that sign at `now`, the newest first. */
export function signingAt(keys: readonly KeptKey[], now: number): KeptKey[] {
  return keys.filter(({ until }) => until === null || until > now).slice(0, MOST_KEYS);
}

/** The keys after a rotation: the new one, and those before it for `overlapMs` more, unless they end earlier. */
export function rotated(keys: readonly KeptKey[], fresh: KeptKey, now: number, overlapMs: number): KeptKey[] {
  const end = now + overlapMs;
  const before = signingAt(keys, now).map((key) => ({ ...key, until: Math.min(key.until ?? end, end) }));
  return signingAt([fresh, ...before], now);
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Of base64 text, padded or not. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
