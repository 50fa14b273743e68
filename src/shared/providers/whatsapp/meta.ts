/**
 * WhatsApp by Meta's Cloud API: texts within the 24 hours after a recipient's last message, approved templates at any time.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages · no idempotency key.
 */
import { z } from "zod";
import type { Envelope } from "../../core/message.ts";
import { parseObject, text } from "../answers.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { fieldsOf, itemsOf } from "../signals.ts";
import { tooLong, unsupported } from "../supports.ts";
import { numberState, refusal } from "./meta-answers.ts";
import { metaCallbacks } from "./meta-callbacks.ts";
import { fileOf, templateOf, type WhatsAppEnvelope } from "./meta-message.ts";

const credentials = z.strictObject({
  access_token: z
    .string()
    .min(1)
    .max(1000)
    .regex(/^[\x21-\x7e]+$/, "It holds characters that no such token has.")
    .meta({ title: "Access token", description: "Of a system user: those of people end.", format: "password" }),
});

const settings = z.strictObject({
  phone_number_id: z
    .string()
    .regex(/^\d{5,25}$/, "It has digits only, and is not the number itself.")
    .meta({ title: "Phone number id", description: "Of the number that messages come from, as WhatsApp Manager shows it." }),
  endpoint: endpoint.optional(),
});

type MetaAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const meta = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "meta",
  name: "WhatsApp (Meta Cloud API)",
  channels: ["whatsapp"],
  credentials,
  settings,
  timeoutMs: 15_000,
  idempotent: false,
  supports: (envelope) => refusedContent(whatsappOf(envelope)),
  async encode(envelope, account) {
    const { access_token } = account.credentials;
    return new Request(url(account, "/messages"), {
      method: "POST",
      headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
      body: JSON.stringify(message(whatsappOf(envelope))),
    });
  },
  decode(answer) {
    if (answer.status < 200 || answer.status >= 300) return refusal(answer);
    const id = text(fieldsOf(itemsOf(parseObject(answer.body).messages)[0]), "id");
    if (id === null) return { outcome: "unknown", code: "no_message_id", reason: "Meta answered without a message id." };
    return { outcome: "sent", providerMessageId: id };
  },
  callbacks: metaCallbacks,
  probe: {
    encode: async (account) =>
      new Request(url(account, "?fields=id,display_phone_number,verified_name,quality_rating"), {
        headers: { authorization: `Bearer ${account.credentials.access_token}` },
      }),
    decode: numberState,
  },
});

function url({ settings }: MetaAccount, path: string): string {
  return under(settings.endpoint ?? "https://graph.facebook.com", `/v23.0/${settings.phone_number_id}${path}`);
}

function whatsappOf(envelope: Envelope): WhatsAppEnvelope {
  if (envelope.channel !== "whatsapp") throw new Error(`Meta does not carry ${envelope.channel}`);
  return envelope;
}

function message(envelope: WhatsAppEnvelope) {
  const [file] = envelope.attachments ?? [];
  return {
    messaging_product: "whatsapp",
    recipient_type: "individual",
    to: envelope.to,
    ...(envelope.template !== undefined
      ? { type: "template", template: templateOf(envelope.template, file) }
      : file !== undefined
        ? fileOf(file, envelope.text)
        : { type: "text", text: { body: envelope.text, preview_url: false } }),
    // Comes back in every status; an attempt's id holds the message's.
    biz_opaque_callback_data: envelope.attemptId,
  };
}

const MAX_TEXT = 4096;
const MAX_CAPTION = 1024;

/** Meta fetches files by their links: to upload them first would be another call. */
function refusedContent({ text: body, template, attachments = [] }: WhatsAppEnvelope) {
  if (attachments.length > 1) return unsupported("WhatsApp takes one file in a message.");
  if (attachments.some(({ url: link }) => !URL.canParse(link))) {
    return unsupported("Meta fetches files by a link, and this deployment has no PUBLIC_URL.");
  }
  if (template !== undefined) {
    const hasTwo = template.header !== undefined && attachments.length > 0;
    return hasTwo ? unsupported("The template has a header already, which is where a file goes.") : null;
  }
  return attachments.length === 0 ? tooLong("The text", body.length, MAX_TEXT) : tooLong("A caption", body.length, MAX_CAPTION);
}
