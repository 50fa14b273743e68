/**
 * Any mail server that takes mail by SMTP submission (RFC 6409), inside TLS: implicit on port 465 (RFC 8314), or STARTTLS
 * where the account asks for it. It has no idempotency key; the attempt's id is the message id, which bounces quote.
 */
import { z } from "zod";
import { type Conversation, concluding } from "../../core/dialogue.ts";
import { type Account, dialogueProvider } from "../provider.ts";
import { isAddress, mailboxParts } from "./lines.ts";
import { type EmailEnvelope, emailOf, sender } from "./parts.ts";
import { accountState, receiptOf } from "./smtp-answers.ts";
import { type Mail, type SmtpResult, smtpDialogue } from "./smtp-dialogue.ts";
import { domainOf, messageOf } from "./smtp-message.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
const NO_CONTROLS = /^[^\u0000-\u001f\u007f]+$/;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

const credentials = z.strictObject({
  password: z
    .string()
    .min(1)
    .max(1000)
    .regex(NO_CONTROLS, "It holds characters that no password has.")
    .meta({ title: "Password", format: "password" }),
});

const settings = z.strictObject({
  host: z
    .string()
    .regex(HOST_NAME, "A host is a name such as smtp.example.com, in lower case.")
    .meta({ title: "Host", description: "Must have a certificate for this name." }),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .refine((port) => port !== 25, "Port 25 is closed to Workers, and for mail between servers; use 465 or 587.")
    .default(465)
    .meta({ title: "Port" }),
  security: z.enum(["tls", "starttls"]).default("tls").meta({
    title: "Security",
    description: "`tls` from the first byte, as on port 465; `starttls` as on port 587. Without TLS nothing is sent.",
  }),
  username: z
    .string()
    .min(1)
    .max(1000)
    .regex(NO_CONTROLS, "It holds characters that no user name has.")
    .meta({ title: "User name" }),
  from: sender("The server must let this account send for it."),
  ehlo_name: z
    .string()
    .regex(HOST_NAME, "It is a domain in lower case.")
    .optional()
    .meta({ title: "EHLO name", description: "How we name ourselves to the server; the sender's domain unless set." }),
});

type SmtpAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const smtp = dialogueProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "smtp",
  name: "SMTP",
  channels: ["email"],
  credentials,
  settings,
  timeoutMs: 20_000,
  idempotent: false,
  refuse(destination) {
    const { email } = mailboxParts(destination);
    return isAddress(email) ? null : { outcome: "permanent", code: "no_address", reason: "It is no address that SMTP can name." };
  },
  hostOf: ({ settings }) => settings.host,
  async encode(envelope, account, { now }) {
    const mail = await mailOf(emailOf(envelope, "SMTP"), account, now);
    const messageId = `${envelope.attemptId}@${domainOf(mail.from)}`;
    return conversation(account, mail, (result) => receiptOf(result, messageId));
  },
  probe: (account) => conversation(account, null, accountState),
});

function conversation<R>(
  { settings, credentials }: SmtpAccount,
  mail: Mail | null,
  read: (result: SmtpResult) => R,
): Conversation<R> {
  const { host, port, security, username, from } = settings;
  const ehloName = settings.ehlo_name ?? domainOf(from);
  const dialogue = smtpDialogue({ security, ehloName, username, password: credentials.password, mail });
  return { host, port, security, timeoutMs: smtp.timeoutMs, dialogue: concluding(dialogue, read) };
}

/** A copy that goes to no address is left out: the mail is the recipient's. */
async function mailOf(envelope: EmailEnvelope, { settings }: SmtpAccount, now: number): Promise<Mail> {
  const from = envelope.from ?? settings.from;
  const copies = [...(envelope.cc ?? []), ...(envelope.bcc ?? [])].map((copy) => mailboxParts(copy).email).filter(isAddress);
  const to = mailboxParts(envelope.to).email;
  return { from: mailboxParts(from).email, to: [to, ...new Set(copies)], message: await messageOf(envelope, from, now) };
}
