/** Vonage Messages API, channel SMS. https://developer.vonage.com/en/api/messages */
import { z } from "zod";
import { parseObject, text } from "../answers.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { digits, refuseSender, refuseText, senderFor, sendersByCountry, smsOf, smsSender, validity } from "./parts.ts";
import { accountState, refusal } from "./vonage-answers.ts";
import { vonageCallbacks } from "./vonage-callbacks.ts";

const credentials = z.strictObject({
  api_key: z
    .string()
    .regex(/^[0-9A-Za-z]{1,50}$/, "An API key has letters and digits only.")
    .meta({ title: "API key" }),
  api_secret: secretKey("API secret"),
});

const settings = z.strictObject({
  from: smsSender,
  senders: sendersByCountry(smsSender).optional(),
  endpoint: endpoint.optional(),
});

type VonageAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

const LEAST_TTL_SECONDS = 20;
const MOST_TTL_SECONDS = 604_800;
const MOST_CHARACTERS = 1000;

export const vonage = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "vonage",
  name: "Vonage",
  channels: ["sms"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  refuse: (to, { settings }) => refuseSender(settings, to),
  supports: (envelope) => refuseText(envelope, { characters: MOST_CHARACTERS }),
  async encode(envelope, account, { callbackUrl }) {
    const sms = smsOf(envelope, "Vonage");
    const body = {
      channel: "sms",
      message_type: "text",
      to: digits(sms.to),
      from: digits(senderFor(account.settings, sms.to) ?? account.settings.from),
      text: sms.text,
      ttl: validity(sms, LEAST_TTL_SECONDS, MOST_TTL_SECONDS),
      client_ref: `${sms.attemptId} ${sms.messageId}`,
      webhook_url: callbackUrl ?? undefined,
      webhook_version: callbackUrl === null ? undefined : "v1",
    };
    return new Request(under(origin(account), "/v1/messages"), {
      method: "POST",
      headers: { authorization: basic(account), "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  },
  decode(answer) {
    if (answer.status < 200 || answer.status >= 300) return refusal(answer);
    const id = text(parseObject(answer.body), "message_uuid");
    if (id !== null) return { outcome: "sent", providerMessageId: id };
    return { outcome: "unknown", code: "no_message_uuid", reason: "Vonage answered without a message_uuid." };
  },
  callbacks: vonageCallbacks,
  probe: {
    async encode(account) {
      const { endpoint: base } = account.settings;
      // Accounts are on another host, and take the same Basic Auth.
      return new Request(under(base ?? "https://rest.nexmo.com", "/account/get-balance"), {
        headers: { authorization: basic(account), accept: "application/json" },
      });
    },
    decode: accountState,
  },
});

function origin({ settings }: VonageAccount): string {
  return settings.endpoint ?? "https://api.nexmo.com";
}

function basic({ credentials }: VonageAccount): string {
  return `Basic ${btoa(`${credentials.api_key}:${credentials.api_secret}`)}`;
}
