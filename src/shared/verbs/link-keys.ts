/**
 * What signs links: a key for each tenant and purpose, derived from the deployment's secret. A secret that was replaced
 * still opens what it signed, as long as it stands among LINK_SECRETS_FORMER; its id in the link says which one it was.
 */
import { Lru } from "../core/lru.ts";
import type { Deps } from "./deps.ts";

const SHORTEST_SECRET = 32;
/** Half of an HMAC-SHA256: nobody guesses 128 bits, and links stay short. */
const MAC_BYTES = 16;
const KEY_ID_CHARS = 4;

const keys = new Lru<CryptoKey>({ maxEntries: 5000 });
const ids = new Lru<string>({ maxEntries: 100 });
const encoder = new TextEncoder();

export interface Signing {
  readonly purpose: string;
  readonly tenantId: string;
  readonly text: string;
}

/** The id of the secret that signs now, and the signature. */
export async function signLink(
  { linkSecret }: Pick<Deps, "linkSecret">,
  signing: Signing,
): Promise<{ keyId: string; mac: string }> {
  if (linkSecret.length < SHORTEST_SECRET) throw new Error("LINK_SECRET is missing, or shorter than 32 characters");
  return { keyId: await idOf(linkSecret), mac: await macOf(linkSecret, signing) };
}

/** Whether a secret of ours, of this id, has signed it. Takes the same time wherever signatures differ. */
export async function isSigned(
  { linkSecret, formerLinkSecrets }: Pick<Deps, "linkSecret" | "formerLinkSecrets">,
  signing: Signing,
  { keyId, mac }: { readonly keyId: string; readonly mac: string },
): Promise<boolean> {
  for (const secret of [linkSecret, ...formerLinkSecrets]) {
    if (secret.length < SHORTEST_SECRET || (await idOf(secret)) !== keyId) continue;
    if (isSame(await macOf(secret, signing), mac)) return true;
  }
  return false;
}

async function idOf(secret: string): Promise<string> {
  const known = ids.get(secret);
  if (known !== undefined) return known;
  const id = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(`id ${secret}`)))).slice(
    0,
    KEY_ID_CHARS,
  );
  ids.set(secret, id);
  return id;
}

async function macOf(secret: string, { purpose, tenantId, text }: Signing): Promise<string> {
  const mac = await crypto.subtle.sign("HMAC", await keyOf(secret, purpose, tenantId), encoder.encode(text));
  return base64url(new Uint8Array(mac).subarray(0, MAC_BYTES));
}

async function keyOf(secret: string, purpose: string, tenantId: string): Promise<CryptoKey> {
  const slot = `${secret} ${purpose} ${tenantId}`;
  const known = keys.get(slot);
  if (known) return known;
  const root = await hmac(encoder.encode(secret));
  const key = await hmac(await crypto.subtle.sign("HMAC", root, encoder.encode(`${purpose} ${tenantId}`)));
  keys.set(slot, key);
  return key;
}

function hmac(bytes: BufferSource): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function isSame(a: string, b: string): boolean {
  let different = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) different |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return different === 0;
}
