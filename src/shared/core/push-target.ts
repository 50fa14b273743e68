/**
 * Where a push goes. Platforms name devices in different ways, and a connection carries some of them only, so an
 * identifier is kept with its kind:
 *
 *     fid:dGVzdC1maWQtMDEyMzQ1Njc              a Firebase Installation ID
 *     token:dGVz…:APA91b…                      an FCM registration token, which may also come bare
 *     apns:00fc13ad…                           an APNs device token in hex, which may also come bare
 *     ExponentPushToken[xxxxxxxxxxxxxxxxxxxx]  an Expo push token
 *     {"endpoint":"https://…","keys":{"p256dh":"…","auth":"…"}}   a Web Push subscription, as a browser prints it
 *     anything else                            kept as it came: a token of a form that we do not know
 */
import { p256 } from "@noble/curves/nist.js";
import { base64url } from "jose";
import { endpointFlaw } from "./endpoint.ts";

export type PushTarget =
  | { readonly kind: "fid"; readonly id: string }
  | { readonly kind: "fcm"; readonly token: string }
  /** `token`: lower-case hex. */
  | { readonly kind: "apns"; readonly token: string }
  | { readonly kind: "expo"; readonly token: string }
  | WebPushTarget
  | { readonly kind: "opaque"; readonly text: string };

/** Keys in base64url without padding: a point on P-256 of 65 bytes, and 16 bytes. RFC 8291 §3. */
export interface WebPushTarget {
  readonly kind: "webpush";
  /** https, of a public host. */
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
}

export type ParsedPushTarget = PushTarget | { readonly kind: "wrong"; readonly reason: string };

const wrong = (reason: string): ParsedPushTarget => ({ kind: "wrong", reason });

/** `text` without spaces around it. Wrong is only what says of itself which kind it is, and is none of that kind. */
export function parsePushTarget(text: string): ParsedPushTarget {
  if (text.startsWith("{")) return parseSubscription(text);
  if (/^Expo(nent)?PushToken\[/.test(text)) {
    return /^\w+\[[\w-]{1,200}\]$/.test(text)
      ? { kind: "expo", token: text }
      : wrong("An Expo push token looks like ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx].");
  }
  const [, prefix, rest = ""] = /^(fid|token|apns):(.*)$/s.exec(text) ?? [];
  switch (prefix) {
    case "fid":
      return /^[\w-]{10,64}$/.test(rest)
        ? { kind: "fid", id: rest }
        : wrong("A Firebase Installation ID has letters, digits, - and _ only.");
    case "token":
      return /^[\x21-\x7e]+$/.test(rest)
        ? { kind: "fcm", token: rest }
        : wrong("An FCM registration token has no spaces and is ASCII.");
    case "apns":
      return isHex(rest)
        ? { kind: "apns", token: rest.toLowerCase() }
        : wrong("An APNs device token is 64 or more hexadecimal digits.");
  }
  if (isHex(text)) return { kind: "apns", token: text.toLowerCase() };
  if (/^[\w-]{8,64}:[\w-]{100,}$/.test(text)) return { kind: "fcm", token: text };
  return { kind: "opaque", text };
}

/** One spelling for one target, from which `parsePushTarget` makes the same again. */
export function pushTargetText(target: PushTarget): string {
  switch (target.kind) {
    case "fid":
      return `fid:${target.id}`;
    case "fcm":
      return `token:${target.token}`;
    case "apns":
      return `apns:${target.token}`;
    case "expo":
      return target.token;
    case "webpush":
      return JSON.stringify({ endpoint: target.endpoint, keys: { p256dh: target.p256dh, auth: target.auth } });
    case "opaque":
      return target.text;
  }
}

/** 32 bytes today; Apple says that the length may grow. */
function isHex(text: string): boolean {
  return /^(?:[0-9a-fA-F]{2}){32,100}$/.test(text);
}

/** A subscription is given by a browser that we know nothing of, so what it names is checked before it is kept. */
function parseSubscription(text: string): ParsedPushTarget {
  const { endpoint, keys } = fieldsOf(text);
  const { p256dh, auth } = (typeof keys === "object" && keys !== null ? keys : {}) as { p256dh?: unknown; auth?: unknown };
  const url = typeof endpoint === "string" ? URL.parse(endpoint) : null;
  if (url === null)
    return wrong('A Web Push subscription looks like {"endpoint": "https://…", "keys": {"p256dh": "…", "auth": "…"}}.');
  if (url.hash !== "" || url.username !== "" || url.password !== "")
    return wrong("Its endpoint must not hold a fragment or a password.");
  // Without the query, which endpoints of Windows have.
  const flaw = endpointFlaw(url.origin + url.pathname, false);
  if (flaw !== null) return wrong(`Its endpoint cannot be used. ${flaw}`);
  const point = bytesOf(p256dh);
  if (point === null || !isPoint(point)) return wrong("Its keys.p256dh must be an uncompressed point on P-256, in base64url.");
  const secret = bytesOf(auth);
  if (secret?.length !== 16) return wrong("Its keys.auth must be 16 bytes, in base64url.");
  return { kind: "webpush", endpoint: url.href, p256dh: base64url.encode(point), auth: base64url.encode(secret) };
}

function fieldsOf(text: string): { readonly endpoint?: unknown; readonly keys?: unknown } {
  try {
    return JSON.parse(text) as { endpoint?: unknown; keys?: unknown };
  } catch {
    return {}; // said as a subscription without its fields
  }
}

/** Base64 of either alphabet, with padding or without; null for whatever is not. */
function bytesOf(text: unknown): Uint8Array | null {
  if (typeof text !== "string" || !/^[\w+/-]{1,100}={0,2}$/.test(text)) return null;
  try {
    return base64url.decode(text.replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_"));
  } catch {
    return null; // a length that no base64 has
  }
}

function isPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== 65 || bytes[0] !== 4) return false;
  try {
    p256.Point.fromBytes(bytes).assertValidity();
    return true;
  } catch {
    return false; // not on the curve
  }
}
