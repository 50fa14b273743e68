/** An SNS topic that signs what it publishes. */
import type { Callback } from "../providers/provider.ts";
import { makeCertificate } from "./certificate.ts";

export const SNS_CERTIFICATE_URL = `https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-${"0".repeat(32)}.pem`;

export type SnsMessage = Readonly<Record<string, string>>;

export async function makeTopic(arn: string) {
  const certificate = await makeCertificate();

  /** The message as SNS would post it, signed in its canonical order. */
  async function sign(message: SnsMessage, version: "1" | "2" = "2"): Promise<SnsMessage> {
    const names = Object.keys(message).sort(); // what is signed stands in the order of the alphabet
    const canonical = names.map((name) => `${name}\n${message[name]}\n`).join("");
    const Signature = await certificate.sign(canonical, version === "1" ? "SHA-1" : "SHA-256");
    return { ...message, SignatureVersion: version, Signature, SigningCertURL: SNS_CERTIFICATE_URL };
  }

  return {
    pem: certificate.pem,
    sign,
    notification: (text: string, atMs: number, version?: "1" | "2") =>
      sign({ Type: "Notification", MessageId: `id-${hash(text)}`, TopicArn: arn, Message: text, Timestamp: iso(atMs) }, version),
    confirmation: (atMs: number, over: SnsMessage = {}, version?: "1" | "2") => {
      const SubscribeURL = `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${arn}&Token=t0`;
      const message = { Type: "SubscriptionConfirmation", MessageId: "id-c", TopicArn: arn, Message: "You have chosen…" };
      return sign({ ...message, SubscribeURL, Token: "t0", Timestamp: iso(atMs), ...over }, version);
    },
  };
}

export function posted(message: SnsMessage): Callback {
  return {
    method: "POST",
    url: new URL("https://carillon.test/hooks/email/ses/con_1"),
    headers: new Headers({ "content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": message.Type ?? "" }),
    body: new TextEncoder().encode(JSON.stringify(message)),
  };
}

const iso = (ms: number) => new Date(ms).toISOString();

/** The same text, the same id, as when SNS comes again with it. */
function hash(text: string): string {
  let value = 7;
  for (const character of text) value = (value * 31 + (character.codePointAt(0) ?? 0)) % 2_147_483_647;
  return String(value);
}
