/**
 * Message encryption for Web Push (RFC 8291) over the content coding aes128gcm (RFC 8188), in one record. By WebCrypto, and
 * by hand: the libraries that run on workerd draw their own randomness, so that no published vector could judge them.
 */
import { p256 } from "@noble/curves/nist.js";
import { base64url } from "jose";

type Bytes = Uint8Array<ArrayBuffer>;

/** What RFC 8291 wants afresh for every message: the sender's private key (a scalar, 32 bytes), and 16 bytes of salt. */
export interface Freshness {
  readonly secretKey: Uint8Array;
  readonly salt: Uint8Array;
}

export function freshness(random: (bytes: number) => Uint8Array): Freshness {
  return { secretKey: p256.utils.randomSecretKey(random(48)), salt: random(16) };
}

/** `p256dh`: the browser's public key, a point of 65 bytes; `auth`: its secret, 16 bytes. The body to send. */
export async function encryptFor(
  browser: { readonly p256dh: Uint8Array; readonly auth: Uint8Array },
  plaintext: Uint8Array,
  { secretKey, salt }: Freshness,
): Promise<Bytes> {
  const publicKey = p256.getPublicKey(secretKey, false);
  const shared = await agree(secretKey, publicKey, browser.p256dh);
  const info = joined(utf8("WebPush: info\0"), browser.p256dh, publicKey);
  const ikm = await hkdf(shared, browser.auth, info, 32);
  return sealRecord(ikm, salt, publicKey, plaintext);
}

/** The record size that is told, unless the record is larger. */
const RECORD_BYTES = 4096;
/** Delimiter of the last record, and the tag of AES-GCM. */
const OVERHEAD_BYTES = 17;

/** RFC 8188 §2 for one record without padding: header, then what AES-128-GCM makes of the text. */
export async function sealRecord(ikm: Uint8Array, salt: Uint8Array, keyId: Uint8Array, plaintext: Uint8Array): Promise<Bytes> {
  const [key, nonce] = await Promise.all([
    hkdf(ikm, salt, utf8("Content-Encoding: aes128gcm\0"), 16),
    hkdf(ikm, salt, utf8("Content-Encoding: nonce\0"), 12),
  ]);
  const cipher = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  const record = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, cipher, joined(plaintext, Uint8Array.of(2)));
  const sizes = new DataView(new ArrayBuffer(5));
  sizes.setUint32(0, Math.max(RECORD_BYTES, plaintext.length + OVERHEAD_BYTES));
  sizes.setUint8(4, keyId.length);
  return joined(salt, new Uint8Array(sizes.buffer), keyId, new Uint8Array(record));
}

async function agree(secretKey: Uint8Array, publicKey: Uint8Array, other: Uint8Array): Promise<Bytes> {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const [d, x, y] = [secretKey, publicKey.slice(1, 33), publicKey.slice(33)].map((part) => base64url.encode(part));
  const jwk = { kty: "EC", crv: "P-256", d, x, y } as JsonWebKey;
  const [own, theirs] = await Promise.all([
    crypto.subtle.importKey("jwk", jwk, curve, false, ["deriveBits"]),
    crypto.subtle.importKey("raw", joined(other), curve, false, []),
  ]);
  // `$public`: the name that workers-types give to what every runtime reads as `public`.
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: "ECDH", public: theirs } as unknown as SubtleCryptoDeriveKeyAlgorithm, own, 256),
  );
}

async function hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, bytes: number): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", joined(ikm), "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: joined(salt), info: joined(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, bytes * 8));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function joined(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
