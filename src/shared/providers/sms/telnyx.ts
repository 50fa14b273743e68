/**
 * Telnyx, Send a message. Its Idempotency-Key is documented for other endpoints and not for this one, so it counts as one
 * that takes none.
 * https://developers.telnyx.com/api-reference/messages/send-a-message
 */
import { z } from "zod";
import { parseObject, text } from "../answers.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { fieldsOf } from "../signals.ts";
import { refuseSender, refuseText, senderFor, sendersByCountry, smsOf, smsSender } from "./parts.ts";
import { accountState, refusal } from "./telnyx-answers.ts";
import { telnyxCallbacks } from "./telnyx-callbacks.ts";

const credentials = z.strictObject({ api_key: secretKey("API key") });

const settings = z
  .strictObject({
    from: smsSender.optional(),
    senders: sendersByCountry(smsSender).optional(),
    messaging_profile_id: z.uuid().optional().meta({
      title: "Messaging profile",
      description: "Needed for a name as sender; without a sender, its pool of numbers is used.",
    }),
    endpoint: endpoint.optional(),
  })
  .refine((s) => s.from !== undefined || s.messaging_profile_id !== undefined, {
    path: ["from"],
    message: "Give a sender or a messaging profile.",
  });

type TelnyxAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const telnyx = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "telnyx",
  name: "Telnyx",
  channels: ["sms"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  refuse: (to, { settings }) => refuseSender(settings, to),
  supports: (envelope) => refuseText(envelope, {}),
  async encode(envelope, account, { callbackUrl }) {
    const sms = smsOf(envelope, "Telnyx");
    const body = {
      to: sms.to,
      from: senderFor(account.settings, sms.to),
      messaging_profile_id: account.settings.messaging_profile_id,
      text: sms.text,
      type: "SMS",
      tags: [sms.attemptId, sms.messageId],
      webhook_url: callbackUrl ?? undefined,
    };
    return new Request(url(account, "/v2/messages"), {
      method: "POST",
      headers: { authorization: `Bearer ${account.credentials.api_key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  },
  decode(answer) {
    if (answer.status < 200 || answer.status >= 300) return refusal(answer);
    const id = text(fieldsOf(parseObject(answer.body).data), "id");
    if (id !== null) return { outcome: "sent", providerMessageId: id };
    return { outcome: "unknown", code: "no_id", reason: "Telnyx answered without a message id." };
  },
  callbacks: telnyxCallbacks,
  probe: {
    async encode(account) {
      return new Request(url(account, "/v2/balance"), { headers: { authorization: `Bearer ${account.credentials.api_key}` } });
    },
    decode: accountState,
  },
});

function url({ settings }: TelnyxAccount, path: string): string {
  return under(settings.endpoint ?? "https://api.telnyx.com", path);
}
