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

export const emailContent = z
  .strictObject({
    subject: headerLine,
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
  })
  .refine((email) => email.html !== undefined || email.text !== undefined, {
    message: "An email needs `html` or `text`.",
    path: ["html"],
  });

export const textContent = z.strictObject({ text: shortText });

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
    sms: textContent.exactOptional(),
    push: pushContent.exactOptional(),
    whatsapp: textContent.exactOptional(),
    inapp: inAppContent.exactOptional(),
    chat: textContent.exactOptional(),
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
