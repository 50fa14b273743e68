/**
 * Web Push to browsers: RFC 8030 (protocol), RFC 8291 (encryption), RFC 8292 (VAPID).
 *
 * A subscription is given by a browser that nobody vouches for, and a push service answers for one browser while the
 * breaker is of the whole connection. So a subscription goes to services that are known, or that the connection names.
 */
import { base64url } from "jose";
import { z } from "zod";
import { parsePushTarget, type WebPushTarget } from "../../core/push-target.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { dataOf, type PushEnvelope, pushOf, refuseOthers, targetOf, ttlSeconds } from "./notification.ts";
import { isPair, vapid } from "./vapid.ts";
import { probed, read } from "./webpush-answers.ts";
import { encryptFor, freshness } from "./webpush-encryption.ts";

const credentials = z
  .strictObject({
    public_key: z
      .string()
      .regex(/^[\w-]{87}$/, "It is 65 bytes in base64url: 87 characters.")
      .meta({ title: "VAPID public key", description: "What pages subscribe with, as applicationServerKey." }),
    private_key: z
      .string()
      .regex(/^[\w-]{43}$/, "It is 32 bytes in base64url: 43 characters.")
      .meta({ title: "VAPID private key", format: "password" }),
  })
  .refine((keys) => isPair(keys), { path: ["private_key"], message: "It does not belong to the public key." });

const host = z
  .string()
  .max(253)
  .regex(/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/, "It looks like push.example.org or *.example.org.");

const settings = z.strictObject({
  subject: z
    .string()
    .max(300)
    .regex(
      /^(mailto:[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+|https:\/\/[\w.-]+\.[\w-]+[\x21-\x7e]*)$/,
      "It looks like mailto:ops@example.com, or is an https URL.",
    )
    .meta({ title: "Contact", description: "Whom a push service may write to. Apple refuses one that does not exist." }),
  push_services: z
    .array(host)
    .max(20)
    .optional()
    .meta({ title: "More push services", description: "Hosts beside those of Google, Mozilla, Microsoft and Apple." }),
  endpoint: endpoint.optional(),
});

type WebPushAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

const KINDS = ["webpush"] as const;
const SERVICES = ["fcm.googleapis.com", "*.push.services.mozilla.com", "*.notify.windows.com", "*.push.apple.com"];
/** Of the only service whose addresses are open: it answers that there is no such subscription. */
const NO_SUBSCRIPTION = "https://updates.push.services.mozilla.com/wpush/v2/carillon-probe";

export const webpush = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "webpush",
  name: "Web Push",
  channels: ["push"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  refuse(destination, { settings: { push_services = [] } }) {
    const target = parsePushTarget(destination);
    if (target.kind !== "webpush") return refuseOthers("Web Push", KINDS, destination);
    const { hostname } = new URL(target.endpoint);
    if ([...SERVICES, ...push_services].some((known) => isUnder(hostname, known))) return null;
    return {
      outcome: "permanent",
      code: "push_service_unknown",
      reason: `${hostname} is no push service that this connection knows.`,
    };
  },
  async encode(envelope, account, context) {
    const push = pushOf(envelope, "Web Push");
    const target = targetOf(KINDS, push.to);
    if (context.random === undefined) throw new Error("Web Push needs randomness");
    const browser = { p256dh: base64url.decode(target.p256dh), auth: base64url.decode(target.auth) };
    const body = await encryptFor(browser, new TextEncoder().encode(JSON.stringify(payloadOf(push))), freshness(context.random));
    return new Request(urlOf(target.endpoint, account), {
      method: "POST",
      headers: {
        authorization: vapid(target.endpoint, account.settings.subject, account.credentials, context.now),
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        ttl: String(ttlSeconds(push)),
        urgency: urgencyOf(push),
        // At most 32 characters of base64url: a duplicate replaces what is not delivered yet.
        topic: push.messageId.slice(0, 32),
      },
      body,
    });
  },
  decode: read,
  probe: {
    async encode(account, { now }) {
      const authorization = vapid(NO_SUBSCRIPTION, account.settings.subject, account.credentials, now);
      return new Request(urlOf(NO_SUBSCRIPTION, account), { method: "POST", headers: { authorization, ttl: "0" } });
    },
    decode: probed,
  },
});

/** A connection's `endpoint` stands in for every push service's origin. */
function urlOf(target: WebPushTarget["endpoint"], { settings }: WebPushAccount): string {
  const { pathname, search } = new URL(target);
  return settings.endpoint === undefined ? target : under(settings.endpoint, pathname + search);
}

/** RFC 8030 §5.3. */
function urgencyOf({ priority }: PushEnvelope): string {
  if (priority === "critical" || priority === "high") return "high";
  return priority === "low" ? "low" : "normal";
}

/** What the page's service worker gets. With a link it is also declarative: Safari shows it without one. */
function payloadOf(envelope: PushEnvelope): object {
  const { title, body, url, messageId } = envelope;
  const notification = { title, body, ...(url === undefined ? {} : { navigate: url }), tag: messageId, data: dataOf(envelope) };
  return url === undefined ? { notification } : { web_push: 8030, notification };
}

function isUnder(hostname: string, known: string): boolean {
  return known.startsWith("*.") ? hostname.endsWith(known.slice(1)) : hostname === known;
}
