/**
 * Events that AWS publishes to an SNS topic, which posts them here. SNS signs with an RSA key whose certificate it serves itself.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
import { importX509 } from "jose";
import { z } from "zod";
import type { CallbackReading, Callbacks, ProviderSignal } from "./provider.ts";
import { type Fields, fieldsOf, forged, idOf, parseJson, reading, timeOf } from "./signals.ts";
import { fromBase64, joined } from "./signatures.ts";

export const snsVerification = z.strictObject({
  topic_arn: z
    .string()
    .max(400)
    .regex(/^arn:aws(-[a-z-]+)?:sns:[a-z]{2}(-[a-z]+)+-\d:\d{12}:[\w-]{1,256}(\.fifo)?$/, "A topic's ARN is arn:aws:sns:….")
    .meta({ title: "Topic ARN", description: "Of the topic that the events are published to." }),
  allow_sha1: z.boolean().optional().meta({
    title: "Allow SHA-1",
    description: "For a topic whose SignatureVersion is 1, the default of SNS. Better set it to 2.",
  }),
});

/** SNS stamps a notification when it is published, and tries to deliver it for an hour at most: beyond that it is a replay. */
const SNS_WINDOW_MS = 65 * 60_000;

/** What is signed, in order; a Subject only where there is one. */
const NOTIFICATION = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const CONFIRMATION = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
const SIGNED: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["Notification", NOTIFICATION],
  ["SubscriptionConfirmation", CONFIRMATION],
  ["UnsubscribeConfirmation", CONFIRMATION],
]);
const HASHES: ReadonlyMap<unknown, "SHA-1" | "SHA-256"> = new Map([
  ["1", "SHA-1"],
  ["2", "SHA-256"],
] as const);

const CERTIFICATE = /^https:\/\/sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?\/SimpleNotificationService-[0-9a-f]{32}\.pem$/;

/**
 * What is read of a service's events: one JSON object a notification. `id`: of the notification, the same when it comes
 * again. It throws only where the certificate cannot be fetched: SNS will come again.
 */
export function snsCallbacks(
  signalsOf: (event: Fields, id: string, now: number) => readonly ProviderSignal[],
): Callbacks<z.output<typeof snsVerification>> {
  return {
    verification: snsVerification,
    async read({ body }, { topic_arn, allow_sha1 }, { now, certificate, snsOrigin }) {
      const message = fieldsOf(parseJson(body));
      // Anyone can have AWS sign a message of a topic of their own: the topic is what ties it to this connection.
      if (message.TopicArn !== topic_arn) return forged("It is not of the connection's topic.");
      const names = SIGNED.get(message.Type);
      const hash = HASHES.get(message.SignatureVersion);
      const signature = typeof message.Signature === "string" ? fromBase64(message.Signature) : null;
      if (names === undefined || hash === undefined || signature === null) return forged("It is not signed.");
      if (hash === "SHA-1" && allow_sha1 !== true)
        return forged("It is signed with SHA-1: set the topic's SignatureVersion to 2.");
      if (Math.abs(now - timeOf(message.Timestamp, 0)) > SNS_WINDOW_MS) return forged("Its timestamp is not of now.");
      const url = message.SigningCertURL;
      if (typeof url !== "string" || !CERTIFICATE.test(url)) return forged("Its certificate is not of SNS.");
      const signed = canonical(message, names);
      const key = await publicKey(await certificate(url), hash);
      if (key === null || signed === null) return forged("Its certificate or one of its fields is none.");
      const isGenuine = await crypto.subtle.verify("RSASSA-PKCS1-v1_5", key, signature, signed);
      if (!isGenuine) return forged("Its signature is wrong.");
      if (message.Type === "SubscriptionConfirmation") return confirmation(message.SubscribeURL, topic_arn, snsOrigin);
      const id = idOf(message.MessageId);
      if (message.Type !== "Notification" || typeof message.Message !== "string" || id === null) return { kind: "ignored" };
      return reading(signalsOf(fieldsOf(parseJson(joined(message.Message))), id, now));
    },
  };
}

/** `name\nvalue\n` for each field that is signed; null where one is missing. */
function canonical(message: Readonly<Record<string, unknown>>, names: readonly string[]) {
  const present = names.filter((name) => name !== "Subject" || (message.Subject !== undefined && message.Subject !== null));
  if (!present.every((name) => typeof message[name] === "string")) return null;
  return joined(present.map((name) => `${name}\n${message[name]}\n`).join(""));
}

/** The certificate's key for this hash: WebCrypto reads no X.509, and binds a key to one hash. Null for what is none. */
async function publicKey(pem: string, hash: "SHA-1" | "SHA-256"): Promise<CryptoKey | null> {
  try {
    const spki = await crypto.subtle.exportKey("spki", await importX509(pem, "RS256", { extractable: true }));
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
    return await crypto.subtle.importKey("spki", spki as ArrayBuffer, algorithm, false, ["verify"]);
  } catch {
    return null; // not a certificate, or not of RSA
  }
}

/** The URL to fetch, if it is SNS's own (or its double's), in the topic's region, and confirms this topic. */
function confirmation(given: unknown, topicArn: string, snsOrigin = ""): CallbackReading {
  const url = typeof given === "string" ? URL.parse(given) : null;
  const [, partition, , region] = topicArn.split(":");
  const host = `sns.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}`;
  const isOurs =
    url !== null &&
    (url.origin === `https://${host}` || url.origin === snsOrigin) &&
    url.pathname === "/" &&
    url.username === "" &&
    url.password === "" &&
    url.searchParams.get("Action") === "ConfirmSubscription" &&
    url.searchParams.get("TopicArn") === topicArn;
  return isOurs ? { kind: "confirm", url: url.href } : forged("Its SubscribeURL is not of SNS, or of another topic.");
}
