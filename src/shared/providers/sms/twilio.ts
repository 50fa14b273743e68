/**
 * Twilio Programmable Messaging.
 * https://www.twilio.com/docs/messaging/api/message-resource · errors: https://www.twilio.com/docs/api/errors
 */
import { z } from "zod";
import type { Envelope } from "../../core/message.ts";
import { parseObject, text } from "../answers.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, type EncodeContext, httpProvider } from "../provider.ts";
import { accountState, failure, refusal } from "./twilio-answers.ts";

const secret = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\x21-\x7e]+$/, "It holds characters that no such key has.");
const sid = (prefix: string, title: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`), `It is ${prefix} and 32 hexadecimal digits.`)
    .meta({ title });

const credentials = z
  .strictObject({
    account_sid: sid("AC", "Account SID"),
    auth_token: secret.optional().meta({ title: "Auth token", format: "password" }),
    api_key_sid: sid("SK", "API key SID").optional(),
    api_key_secret: secret.optional().meta({ title: "API key secret", format: "password" }),
  })
  .superRefine((c, context) => {
    const say = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    if (c.api_key_sid === undefined && c.api_key_secret === undefined) {
      if (c.auth_token === undefined) say("auth_token", "Give an auth token, or an API key's SID and secret.");
    } else if (c.api_key_sid === undefined) say("api_key_sid", "The secret needs its SID.");
    else if (c.api_key_secret === undefined) say("api_key_secret", "The API key needs its secret.");
  });

const settings = z
  .strictObject({
    from: z
      .string()
      .regex(
        /^(\+[1-9]\d{3,14}|[0-9A-Za-z ]{1,11}|\d{3,8})$/,
        "A sender is a number in E.164, a short code, or up to 11 letters and digits.",
      )
      .optional()
      .meta({ title: "Sender" }),
    messaging_service_sid: sid("MG", "Messaging Service SID").optional(),
    endpoint: endpoint.optional(),
  })
  .refine((s) => s.from !== undefined || s.messaging_service_sid !== undefined, {
    path: ["from"],
    message: "Give a sender or a Messaging Service.",
  });

type TwilioAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const twilio = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "twilio",
  name: "Twilio",
  channels: ["sms"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  async encode(envelope, account, context) {
    return new Request(url(account, "/Messages.json"), {
      method: "POST",
      headers: { authorization: basic(account.credentials), "content-type": "application/x-www-form-urlencoded" },
      body: form(envelope, account, context).toString(),
    });
  },
  decode(answer) {
    if (answer.status < 200 || answer.status >= 300) return refusal(answer);
    const body = parseObject(answer.body);
    const id = text(body, "sid");
    if (id === null) return { outcome: "unknown", code: "no_sid", reason: "Twilio answered without a message SID." };
    // Created, and at once refused: the resource exists, the message does not go.
    const failed = body.status === "failed" || body.status === "undelivered";
    return failed
      ? failure(Number(body.error_code), text(body, "error_message") ?? "")
      : { outcome: "sent", providerMessageId: id };
  },
  probe: {
    async encode(account) {
      // A standard API key may not read the account itself (https://www.twilio.com/docs/iam/api-keys).
      const path = account.credentials.api_key_sid === undefined ? ".json" : "/Messages.json?PageSize=1";
      return new Request(url(account, path), { headers: { authorization: basic(account.credentials) } });
    },
    decode: accountState,
  },
});

function url({ credentials, settings }: TwilioAccount, path: string): string {
  return under(settings.endpoint ?? "https://api.twilio.com", `/2010-04-01/Accounts/${credentials.account_sid}${path}`);
}

function basic(c: TwilioAccount["credentials"]): string {
  return `Basic ${btoa(c.api_key_sid === undefined ? `${c.account_sid}:${c.auth_token}` : `${c.api_key_sid}:${c.api_key_secret}`)}`;
}

const MAX_VALIDITY_SECONDS = 36_000;

function form(envelope: Envelope, { settings }: TwilioAccount, context: EncodeContext): URLSearchParams {
  if (envelope.channel !== "sms" && envelope.channel !== "whatsapp") throw new Error(`Twilio does not carry ${envelope.channel}`);
  const address = (number: string) => (envelope.channel === "whatsapp" ? `whatsapp:${number}` : number);
  const fields = new URLSearchParams({ To: address(envelope.to), Body: envelope.text });
  if (settings.messaging_service_sid !== undefined) fields.set("MessagingServiceSid", settings.messaging_service_sid);
  if (settings.from !== undefined) fields.set("From", address(settings.from));
  // The slot that comes back: a URL of the attempt's own names it even where the SID never reached us.
  if (context.callbackUrl !== null) fields.set("StatusCallback", context.callbackUrl);
  if (envelope.validitySeconds !== undefined) {
    const seconds = Math.min(MAX_VALIDITY_SECONDS, Math.max(1, Math.floor(envelope.validitySeconds)));
    fields.set("ValidityPeriod", String(seconds));
  }
  return fields;
}
