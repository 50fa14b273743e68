/**
 * Firebase Cloud Messaging, HTTP v1: Android, and through Firebase also iOS and the web.
 * https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
 *
 * A duplicate replaces what it doubles, by the message's id as tag, collapse id and topic. Not as Android's
 * `collapse_key`: of those a sleeping device keeps four only, so that a fifth message would push out the first.
 */
import { importPKCS8, SignJWT } from "jose";
import { z } from "zod";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { probed, read, sent, tokenOf } from "./fcm-answers.ts";
import { canWait, dataOf, type PushEnvelope, pushOf, refuseOthers, targetOf, ttlSeconds } from "./notification.ts";
import { pem, unreadableKey, withLineBreaks } from "./pem.ts";

const TOKEN_URI = "https://oauth2.googleapis.com/token";
const SCOPE = "https://www.googleapis.com/auth/firebase.messaging";
const KINDS = ["fid", "fcm", "opaque"] as const;

const unused = z.string().max(2000).optional().meta({ description: "Not used: there so that the whole file can be given." });

/** The fields of a service account's key file, all of them, so that it can be pasted as it is. */
const credentials = z.strictObject({
  project_id: z
    .string()
    .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, "A project id has 6 to 30 lower-case letters, digits and hyphens.")
    .meta({ title: "Project id" }),
  client_email: z
    .string()
    .max(320)
    .regex(/^[\w.+-]+@[\w.-]+$/, "It looks like name@project.iam.gserviceaccount.com.")
    .meta({ title: "Client email" }),
  private_key_id: z
    .string()
    .regex(/^\w{1,128}$/, "A key id has letters and digits only.")
    .meta({ title: "Private key id" }),
  private_key: pem.meta({ title: "Private key", format: "password" }),
  token_uri: z
    .string()
    .regex(
      /^https:\/\/(oauth2\.googleapis\.com|accounts\.google\.com|www\.googleapis\.com)\/[\w/]{1,100}$/,
      "It is one of Google's.",
    )
    .optional()
    .meta({ title: "Token URI", description: `${TOKEN_URI} unless given.` }),
  type: z.literal("service_account").optional().meta({ title: "Type" }),
  client_id: unused,
  auth_uri: unused,
  auth_provider_x509_cert_url: unused,
  client_x509_cert_url: unused,
  universe_domain: unused,
});

const settings = z.strictObject({
  android_channel_id: z
    .string()
    .regex(/^[\x20-\x7e]{1,200}$/)
    .optional()
    .meta({ title: "Android notification channel", description: "The app's own default channel unless set." }),
  endpoint: endpoint.optional(),
});

type FcmAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const fcm = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "fcm",
  name: "Firebase Cloud Messaging",
  channels: ["push"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  session: {
    async open({ credentials: c, settings }, { now }) {
      const key = await importPKCS8(withLineBreaks(c.private_key), "RS256").catch(() => null);
      if (key === null) return unreadableKey("a service account");
      const at = Math.floor(now / 1000);
      const assertion = await new SignJWT({ scope: SCOPE })
        .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: c.private_key_id })
        .setIssuer(c.client_email)
        .setAudience(c.token_uri ?? TOKEN_URI)
        .setIssuedAt(at)
        .setExpirationTime(at + 3600)
        .sign(key);
      const url = settings.endpoint === undefined ? (c.token_uri ?? TOKEN_URI) : under(settings.endpoint, "/token");
      const form = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion };
      return new Request(url, { method: "POST", body: new URLSearchParams(form) });
    },
    read: tokenOf,
  },
  refuse: (destination) => refuseOthers("FCM", KINDS, destination),
  async encode(envelope, account, { session, now }) {
    return post(account, session, { message: messageOf(pushOf(envelope, "FCM"), account, now) });
  },
  decode: (answer) => sent(answer) ?? read(answer),
  probe: {
    // Google looks at the project and at who asks before it looks at the token, which no device has.
    encode: async (account, { session }) =>
      post(account, session, { validate_only: true, message: { token: "carillon-probe", notification: { title: "Probe" } } }),
    decode: probed,
  },
});

function post({ credentials, settings }: FcmAccount, session: string | null, body: object): Request {
  const base = settings.endpoint ?? "https://fcm.googleapis.com";
  return new Request(under(base, `/v1/projects/${credentials.project_id}/messages:send`), {
    method: "POST",
    headers: { authorization: `Bearer ${session}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** A Message as Google's discovery document has it, revision 20260911: `fid` is the newer name of a device, `token` the older. */
function messageOf(envelope: PushEnvelope, { settings }: FcmAccount, now: number) {
  const { messageId, title, body, url, priority } = envelope;
  const target = targetOf(KINDS, envelope.to);
  const ttl = ttlSeconds(envelope);
  const { android_channel_id: channel_id } = settings;
  return {
    ...(target.kind === "fid" ? { fid: target.id } : { token: target.kind === "fcm" ? target.token : target.text }),
    notification: { title, body },
    data: dataOf(envelope),
    android: {
      priority: canWait(priority) ? "NORMAL" : "HIGH",
      ttl: `${ttl}s`,
      notification: { tag: messageId, ...(channel_id === undefined ? {} : { channel_id }) },
    },
    apns: {
      headers: {
        "apns-priority": canWait(priority) ? "5" : "10",
        "apns-collapse-id": messageId,
        "apns-expiration": String(Math.floor(now / 1000) + ttl),
      },
      payload: { aps: { sound: "default" } },
    },
    webpush: {
      headers: { TTL: String(ttl), Urgency: canWait(priority) ? "low" : "high", Topic: messageId },
      notification: { tag: messageId },
      ...(url?.startsWith("https://") ? { fcm_options: { link: url } } : {}),
    },
  };
}
