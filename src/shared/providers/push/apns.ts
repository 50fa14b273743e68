/**
 * Apple Push Notification service, by token. It speaks HTTP/2 only: Cloudflare's fetch does, workerd on one machine does
 * not, so there `endpoint` names a relay in front of Apple.
 * https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
 */
import { base64url, exportJWK, importPKCS8 } from "jose";
import { z } from "zod";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { probed, read } from "./apns-answers.ts";
import { signEs256 } from "./es256.ts";
import { canWait, dataOf, type PushEnvelope, pushOf, refuseOthers, targetOf, ttlSeconds } from "./notification.ts";
import { pem, unreadableKey, withLineBreaks } from "./pem.ts";

const id = (title: string) =>
  z
    .string()
    .regex(/^[A-Z0-9]{10}$/, "It is ten capital letters and digits.")
    .meta({ title });

const credentials = z.strictObject({
  team_id: id("Team id"),
  key_id: id("Key id"),
  private_key: pem.meta({ title: "Private key", description: "What the .p8 file holds.", format: "password" }),
});

const settings = z.strictObject({
  topic: z
    .string()
    .regex(/^[\w-]+(\.[\w-]+)+$/, "A topic looks like com.example.app.")
    .max(200)
    .meta({ title: "Topic", description: "The app's bundle id." }),
  environment: z.enum(["production", "sandbox"]).default("production").meta({ title: "Environment" }),
  push_type: z
    .enum(["alert", "background"])
    .default("alert")
    .meta({ title: "Push type", description: "`background` wakes the app and shows nothing: it gets the data only." }),
  endpoint: endpoint.optional(),
});

type ApnsAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

const HOSTS = { production: "https://api.push.apple.com", sandbox: "https://api.sandbox.push.apple.com" };
const KINDS = ["apns"] as const;
/** Hex of the length that tokens have, and of no device. */
const NO_DEVICE = "0".repeat(64);

/**
 * Apple takes a token for an hour and wants a new one every 20 minutes at most, from wherever it comes. So time is cut
 * into slots of 40 minutes, and within one every isolate makes the same token: see docs/decisions/005.
 */
const SLOT_SECONDS = 2400;
/** A clock that goes ahead of Apple's must not make tokens of the future. */
const BACKDATED_SECONDS = 60;
/** The session is given up five minutes before its end (verbs/sessions.ts), which is to be the end of the slot. */
const SPARE_SECONDS = 300;

export const apns = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "apns",
  name: "Apple Push Notification service",
  channels: ["push"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  session: {
    async open({ credentials: c }, { now }) {
      const secret = await scalarOf(c.private_key).catch(() => null);
      if (secret === null) return unreadableKey("Apple's .p8 files");
      const slot = Math.floor(now / 1000 / SLOT_SECONDS) * SLOT_SECONDS;
      const token = signEs256({ kid: c.key_id }, { iss: c.team_id, iat: slot - BACKDATED_SECONDS }, secret);
      return { token, expiresAt: (slot + SLOT_SECONDS + SPARE_SECONDS) * 1000 };
    },
  },
  refuse: (destination) => refuseOthers("APNs", KINDS, destination),
  async encode(envelope, account, { session, now }) {
    const push = pushOf(envelope, "APNs");
    const expiration = String(Math.floor(now / 1000) + ttlSeconds(push));
    // A duplicate replaces what it doubles.
    const headers = {
      "apns-expiration": expiration,
      "apns-collapse-id": push.messageId,
      "apns-priority": priorityOf(push, account),
    };
    return post(account, session, targetOf(KINDS, push.to).token, headers, payloadOf(push, account));
  },
  decode: read,
  probe: {
    // Apple looks at the provider's token and the topic before it looks at the device's.
    encode: async (account, { session }) =>
      post(account, session, NO_DEVICE, { "apns-expiration": "0" }, { aps: { alert: "Probe" } }),
    decode: probed,
  },
});

/** The private scalar of a key on P-256. */
async function scalarOf(key: string): Promise<Uint8Array | null> {
  const { d } = await exportJWK(await importPKCS8(withLineBreaks(key), "ES256", { extractable: true }));
  return d === undefined ? null : base64url.decode(d);
}

function post(
  { settings }: ApnsAccount,
  session: string | null,
  device: string,
  headers: Record<string, string>,
  body: object,
): Request {
  return new Request(under(settings.endpoint ?? HOSTS[settings.environment], `/3/device/${device}`), {
    method: "POST",
    headers: {
      authorization: `bearer ${session}`,
      "content-type": "application/json",
      "apns-topic": settings.topic,
      "apns-push-type": settings.push_type,
      ...headers,
    },
    body: JSON.stringify(body),
  });
}

/** 10 at once, 5 when it suits the device, which is all that a background push may ask for. */
function priorityOf({ priority }: PushEnvelope, { settings }: ApnsAccount): string {
  return settings.push_type === "background" || canWait(priority) ? "5" : "10";
}

/** Data of the caller's stands beside `aps`, and cannot replace it. */
function payloadOf(envelope: PushEnvelope, { settings }: ApnsAccount): object {
  const { title, body } = envelope;
  const aps = settings.push_type === "background" ? { "content-available": 1 } : { alert: { title, body }, sound: "default" };
  return { ...dataOf(envelope), aps };
}
