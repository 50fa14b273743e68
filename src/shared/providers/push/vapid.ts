/** VAPID (RFC 8292): a JWT for one push service, by the key that pages subscribe with. */
import { p256 } from "@noble/curves/nist.js";
import { base64url } from "jose";
import { signEs256 } from "./es256.ts";

/** In base64url, as browsers and every tool print them: a point of 65 bytes and a scalar of 32. */
export interface VapidKeys {
  readonly public_key: string;
  readonly private_key: string;
}

const HALF_DAY_SECONDS = 43_200;
/** RFC 8292 §2: at most a day ahead. An hour less, for clocks. The end moves twice a day, so that services can cache. */
const LIFETIME_SECONDS = 82_800;

/** The Authorization header for a subscription at `endpoint`. `subject`: whom the service may write to. */
export function vapid(endpoint: string, subject: string, keys: VapidKeys, now: number): string {
  const slot = Math.floor(now / 1000 / HALF_DAY_SECONDS) * HALF_DAY_SECONDS;
  const claims = { aud: new URL(endpoint).origin, exp: slot + LIFETIME_SECONDS, sub: subject };
  return `vapid t=${signEs256({ typ: "JWT" }, claims, base64url.decode(keys.private_key))}, k=${keys.public_key}`;
}

export function isPair(keys: VapidKeys): boolean {
  try {
    return base64url.encode(p256.getPublicKey(base64url.decode(keys.private_key), false)) === keys.public_key;
  } catch {
    return false; // no key at all
  }
}
