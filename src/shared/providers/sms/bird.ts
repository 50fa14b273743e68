/**
 * Bird, by the REST API that it had as MessageBird: an access key and `/messages`. Its newer API of workspaces and channels
 * is another one.
 * https://developers.messagebird.com/api/sms-messaging
 */
import { z } from "zod";
import { parseObject, text } from "../answers.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { accountState, refusal } from "./bird-answers.ts";
import { birdCallbacks } from "./bird-callbacks.ts";
import { digits, refuseSender, refuseText, senderFor, sendersByCountry, smsOf, smsSender, validity } from "./parts.ts";

const credentials = z.strictObject({ access_key: secretKey("Access key") });

const settings = z.strictObject({
  from: smsSender,
  senders: sendersByCountry(smsSender).optional(),
  endpoint: endpoint.optional(),
});

type BirdAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

const MOST_SEGMENTS = 9;
const MOST_VALIDITY_SECONDS = 172_800;

export const bird = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "bird",
  name: "Bird (MessageBird)",
  channels: ["sms"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  refuse: (to, { settings }) => refuseSender(settings, to),
  supports: (envelope) => refuseText(envelope, { segments: MOST_SEGMENTS }),
  async encode(envelope, account, { callbackUrl }) {
    const sms = smsOf(envelope, "Bird");
    const body = {
      originator: digits(senderFor(account.settings, sms.to) ?? account.settings.from),
      recipients: [digits(sms.to)],
      body: sms.text,
      datacoding: "auto",
      validity: validity(sms, 1, MOST_VALIDITY_SECONDS),
      // Without it there is no report at all.
      reference: `${sms.attemptId} ${sms.messageId}`,
      reportUrl: callbackUrl ?? undefined,
    };
    return new Request(url(account, "/messages"), {
      method: "POST",
      headers: { authorization: `AccessKey ${account.credentials.access_key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  },
  decode(answer) {
    if (answer.status < 200 || answer.status >= 300) return refusal(answer);
    const id = text(parseObject(answer.body), "id");
    if (id !== null) return { outcome: "sent", providerMessageId: id };
    return { outcome: "unknown", code: "no_id", reason: "Bird answered without a message id." };
  },
  callbacks: birdCallbacks,
  probe: {
    async encode(account) {
      return new Request(url(account, "/balance"), {
        headers: { authorization: `AccessKey ${account.credentials.access_key}`, accept: "application/json" },
      });
    },
    decode: accountState,
  },
});

function url({ settings }: BirdAccount, path: string): string {
  return under(settings.endpoint ?? "https://rest.messagebird.com", path);
}
