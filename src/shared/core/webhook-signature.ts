/** Signatures of a callback: Standard Webhooks v1 and v1a over `id.timestamp.body`, and one of the raw body for simple clients. */
import { bytesOf, importSeed, type SigningKey, toBase64 } from "./signing-keys.ts";

/** A key as WebCrypto takes it. */
export interface Signer {
  /** Of the secret's bytes, for v1. */
  readonly hmac: CryptoKey;
  /** Of the secret as it was shown, `whsec_` and all: what a simple client has at hand. */
  readonly plain: CryptoKey;
  readonly ed25519: CryptoKey;
}

const HMAC = { name: "HMAC", hash: "SHA-256" };

export async function signerOf({ secret, seed }: SigningKey): Promise<Signer> {
  const hmac = (bytes: BufferSource) => crypto.subtle.importKey("raw", bytes, HMAC, false, ["sign"]);
  const [keyed, plain, ed25519] = await Promise.all([
    hmac(bytesOf(secret.replace(/^whsec_/, ""))),
    hmac(new TextEncoder().encode(secret)),
    importSeed(seed),
  ]);
  return { hmac: keyed, plain, ed25519 };
}

/**
 * The headers of one post. Every signer signs: a receiver that knows one of the keys finds its signature. `timestamp` is in
 * seconds since 1970.
 */
export async function signatureHeaders(
  signers: readonly Signer[],
  { id, timestamp, body }: { readonly id: string; readonly timestamp: number; readonly body: string },
): Promise<Record<string, string>> {
  const raw = new TextEncoder().encode(body);
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  const each = await Promise.all(
    signers.map(async ({ hmac, plain, ed25519 }) => {
      const [v1, v1a, simple] = await Promise.all([
        crypto.subtle.sign("HMAC", hmac, signed),
        crypto.subtle.sign("Ed25519", ed25519, signed),
        crypto.subtle.sign("HMAC", plain, raw),
      ]);
      return {
        standard: [`v1,${toBase64(new Uint8Array(v1))}`, `v1a,${toBase64(new Uint8Array(v1a))}`],
        simple: `sha256=${hex(new Uint8Array(simple))}`,
      };
    }),
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": each.flatMap(({ standard }) => standard).join(" "),
    "x-carillon-signature": each.map(({ simple }) => simple).join(", "),
  };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
