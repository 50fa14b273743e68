/**
 * JWTs by ES256 whose signature is made without chance (RFC 6979), which WebCrypto and so jose cannot do: the same
 * claims and key give the same token, byte for byte, in every isolate and at every try.
 */
import { p256 } from "@noble/curves/nist.js";
import { base64url } from "jose";

/** `secretKey`: the scalar, 32 bytes. */
export function signEs256(
  header: { readonly kid?: string; readonly typ?: "JWT" },
  claims: object,
  secretKey: Uint8Array,
): string {
  const input = [{ alg: "ES256", ...header }, claims].map((part) => base64url.encode(JSON.stringify(part))).join(".");
  return `${input}.${base64url.encode(p256.sign(new TextEncoder().encode(input), secretKey, { lowS: false }))}`;
}
