/** Content as callers write it: one part a channel, each field a Liquid template (core/message.ts). */
import { z } from "zod";

/** All fields of one content together, as UTF-8. */
export const MAX_CONTENT_BYTES = 256 * 1024;

const longText = z.string().min(1).max(MAX_CONTENT_BYTES);
const shortText = z.string().min(1).max(20_000);
const line = z.string().min(1).max(4_000);
/** A field that becomes a header: what is written may not break the line; what is rendered is checked again. */
const headerLine = line.regex(/^[^\r\n]*$/, "It must not contain a line break.");

/** Headers that the platform or the provider writes, so that a template cannot forge them. */
const RESERVED_HEADERS =
  /^(from|to|cc|bcc|subject|reply-to|sender|return-path|date|message-id|mime-version|received|dkim-signature|content-.*|arc-.*)$/i;

const headerName = z
  .string()
  .max(100)
  .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, "A header's name has letters, digits and hyphens.")
  .refine((name) => !RESERVED_HEADERS.test(name), "This header cannot be set here.");

const providerTemplate = z
  .strictObject({
    provider: z.enum(["ses", "sendgrid"]).describe("No other provider is asked to carry it."),
    id: z
      .string()
      .regex(/^[\w-]{1,200}$/, "It has letters, digits, hyphens and underscores.")
      .describe("SES: the stored template's name. SendGrid: a dynamic template's id, `d-…`."),
  })
  .superRefine(({ provider, id }, ctx) => {
    if (provider === "sendgrid" && !/^d-[0-9a-f]{32}$/.test(id)) {
      ctx.addIssue({ code: "custom", path: ["id"], message: "SendGrid's dynamic templates are `d-` and 32 hexadecimal digits." });
    }
  })
  .describe("A template that the provider keeps. It is filled with the send's variables, and says subject and text.");

export const emailContent = z
  .strictObject({
    subject: headerLine.optional().describe("Needed unless there is a `provider_template`."),
    html: longText.optional().describe("Output is escaped for HTML; `| raw` switches that off for one value."),
    text: longText.optional().describe("Made from `html` where it is missing."),
    from: headerLine.optional().describe("The connection's sender unless set."),
    reply_to: headerLine.optional(),
    cc: z.array(headerLine).max(50).optional(),
    bcc: z.array(headerLine).max(50).optional(),
    headers: z
      .record(headerName, headerLine)
      .refine((headers) => Object.keys(headers).length <= 50, "At most 50 headers.")
      .optional(),
    provider_template: providerTemplate.optional(),
  })
  .superRefine((email, ctx) => {
    const say = (field: string, message: string) => ctx.addIssue({ code: "custom", path: [field], message });
    if (email.provider_template !== undefined) {
      for (const field of ["subject", "html", "text"] as const) {
        if (email[field] !== undefined) say(field, "The provider's template has its own.");
      }
      return;
    }
    if (email.subject === undefined) say("subject", "An email needs a subject.");
    if (email.html === undefined && email.text === undefined) say("html", "An email needs `html` or `text`.");
  });

const templateVariables = z
  .union([
    z.record(z.string().regex(/^\w{1,64}$/, "A variable's name has letters, digits and underscores."), line),
    z.array(line).max(100),
  ])
  .refine((variables) => Object.keys(variables).length <= 100, "At most 100 variables.");

const contentSid = z
  .string()
  .regex(/^HX[0-9a-fA-F]{32}$/, "Twilio's content templates are HX and 32 hexadecimal digits.")
  .meta({ examples: [`HX${"0123456789abcdef".repeat(2)}`] });

export const smsContent = z
  .strictObject({
    text: shortText.optional(),
    content_sid: contentSid.optional().describe("A content template of Twilio. Other providers send `text` in its place."),
    variables: templateVariables.optional().describe("Fill the content template. The send's own variables unless set."),
  })
  .superRefine((sms, ctx) => {
    if (sms.text === undefined && sms.content_sid === undefined) {
      ctx.addIssue({ code: "custom", path: ["text"], message: "A text message needs `text` or `content_sid`." });
    }
    if (sms.variables !== undefined && sms.content_sid === undefined) {
      ctx.addIssue({ code: "custom", path: ["variables"], message: "They are for a content template." });
    }
  });

const whatsappHeader = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: line }),
  z.strictObject({
    type: z.enum(["image", "video", "document"]),
    link: line.describe("An https URL that WhatsApp fetches. Or attach a file to the send, in place of this header."),
    filename: headerLine.optional(),
  }),
]);

const whatsappTemplate = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9_]{1,512}$/, "A template's name has lower-case letters, digits and underscores.")
    .describe("Of a template that is approved."),
  language: z
    .string()
    .max(200)
    .refine((language) => language.includes("{{") || /^[a-z]{2,3}([_-][A-Za-z0-9]{2,4})?$/.test(language), {
      message: "It looks like en or en_US.",
    })
    .describe("Of the template: `en`, `en_US`, or `{{ locale }}`."),
  variables: templateVariables
    .optional()
    .describe("A list fills {{1}}, {{2}} … in this order; an object fills named ones. Each is a Liquid template of its own."),
  header: whatsappHeader.optional(),
  buttons: z
    .array(
      z.strictObject({
        type: z
          .enum(["url", "quick_reply", "copy_code"])
          .describe("What goes to the end of the button's URL, what a tap reports, or the code to copy."),
        value: line,
        index: z.int().min(0).max(9).optional().describe("Its place among the template's buttons; the next one unless set."),
      }),
    )
    .max(10)
    .optional(),
  content_sid: contentSid.optional().describe("The same template as Twilio calls it: needed where Twilio is to carry it."),
});

export const whatsappContent = z
  .strictObject({
    text: shortText.optional().describe("Goes out only within 24 hours of the recipient's last message."),
    template: whatsappTemplate.optional(),
  })
  .refine((whatsapp) => (whatsapp.text === undefined) !== (whatsapp.template === undefined), {
    message: "Give exactly one of text and template.",
    path: ["text"],
  });

export const chatContent = z.strictObject({
  text: shortText.describe("`*bold*` and the like mean what they mean to the app; nothing in it hides a link or calls everyone."),
  title: line.optional(),
  url: line.optional().describe("Where the message leads; left out unless it is http or https."),
});

export const pushContent = z.strictObject({
  title: line,
  body: line,
  data: z
    .record(z.string().min(1).max(200), z.string().max(4_000))
    .refine((data) => Object.keys(data).length <= 100, "At most 100 entries.")
    .optional(),
  url: line.optional(),
});

export const inAppContent = z.strictObject({ title: line, body: shortText, url: line.optional() });

/** Inline content of a send, and the content of a template's version. */
export const contentShape = z
  .strictObject({
    email: emailContent.exactOptional(),
    sms: smsContent.exactOptional(),
    push: pushContent.exactOptional(),
    whatsapp: whatsappContent.exactOptional(),
    inapp: inAppContent.exactOptional(),
    chat: chatContent.exactOptional(),
  })
  .refine((content) => Object.keys(content).length > 0, "Content needs a part for at least one channel.")
  .refine((content) => utf8Bytes(content) <= MAX_CONTENT_BYTES, `Content takes at most ${MAX_CONTENT_BYTES} bytes in all.`)
  .meta({ id: "Content" });

/** Bytes of all strings inside; one character is at most three bytes, so small ones are never encoded. */
function utf8Bytes(value: unknown): number {
  const parts: string[] = [];
  collect(value, parts);
  const text = parts.join("");
  return text.length * 3 <= MAX_CONTENT_BYTES ? text.length : new TextEncoder().encode(text).length;
}

function collect(value: unknown, into: string[]): void {
  if (typeof value === "string") into.push(value);
  else if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) collect(inner, into);
}
