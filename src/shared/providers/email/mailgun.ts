/**
 * Mailgun Messages.
 * https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages
 */
import { z } from "zod";
import { parseObject, text } from "../answers.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { headerLines, oneLine, utf8Mailbox } from "./lines.ts";
import { keyState, refusal } from "./mailgun-answers.ts";
import { mailgunCallbacks } from "./mailgun-callbacks.ts";
import { type FormPart, multipart } from "./multipart.ts";
import { type EmailEnvelope, emailOf, filename, mediaType, sender, tagLines } from "./parts.ts";

const credentials = z.strictObject({
  api_key: secretKey("API key").describe("A key of the account, or one for sending from the domain only."),
});

const settings = z.strictObject({
  domain: z
    .string()
    .regex(/^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/, "A domain looks like mg.example.com.")
    .meta({ title: "Domain", description: "The domain that is set up in Mailgun." }),
  region: z.enum(["us", "eu"]).optional().meta({ title: "Region", description: "Where the domain was made. `us` unless set." }),
  from: sender("Should be of the domain."),
  endpoint: endpoint.optional(),
});

type MailgunAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const mailgun = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "mailgun",
  name: "Mailgun",
  channels: ["email"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  encode: (envelope, account) => post(account, parts(emailOf(envelope, "Mailgun"), account)),
  decode(answer) {
    const id = answer.status >= 200 && answer.status < 300 ? text(parseObject(answer.body), "id") : null;
    // In events it comes without the angle brackets.
    return id === null ? refusal(answer) : { outcome: "sent", providerMessageId: id.replace(/^<(.+)>$/, "$1") };
  },
  callbacks: mailgunCallbacks,
  probe: {
    // With nobody to send it to, and so with either kind of key: one for sending only may read nothing.
    encode: (account) => post(account, [{ name: "from", value: utf8Mailbox(account.settings.from) }]),
    decode: keyState,
  },
});

async function post({ credentials, settings }: MailgunAccount, parts: readonly FormPart[]): Promise<Request> {
  const { body, contentType } = await multipart(parts);
  const base = settings.endpoint ?? `https://api.${settings.region === "eu" ? "eu." : ""}mailgun.net`;
  return new Request(under(base, `/v3/${settings.domain}/messages`), {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`api:${credentials.api_key}`)}`, "content-type": contentType },
    body,
  });
}

const ascii = (tag: string) => tag.replaceAll(/[^\x20-\x7e]/g, "_");

function parts(envelope: EmailEnvelope, { settings }: MailgunAccount): FormPart[] {
  const fields: readonly (readonly [name: string, value: string | undefined])[] = [
    ["from", utf8Mailbox(envelope.from ?? settings.from)],
    ["to", utf8Mailbox(envelope.to)],
    ["cc", list(envelope.cc)],
    ["bcc", list(envelope.bcc)],
    ["subject", oneLine(envelope.subject)],
    ["text", envelope.text],
    ["html", envelope.html],
    ["h:Reply-To", envelope.reply_to === undefined ? undefined : utf8Mailbox(envelope.reply_to)],
    ...headerLines(envelope.headers).map(([name, value]) => [`h:${name}`, value] as const),
    ...tagLines(envelope.tags.map(ascii), 128).map((tag) => ["o:tag", tag] as const),
    // Come back in each event's user-variables.
    ["v:attempt_id", envelope.attemptId],
    ["v:message_id", envelope.messageId],
  ];
  return [
    ...fields.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
    ...envelope.attachments.map((file) => ({
      name: "attachment",
      filename: filename(file),
      contentType: mediaType(file),
      contentBase64: file.contentBase64,
    })),
  ];
}

function list(mailboxes: readonly string[] | undefined): string | undefined {
  return mailboxes === undefined || mailboxes.length === 0 ? undefined : mailboxes.map(utf8Mailbox).join(", ");
}
