/** Mails of every kind that a provider of email may be given. */
import type { EmailEnvelope } from "../providers/email/parts.ts";

const plain: EmailEnvelope = {
  attemptId: "att_01M7WXHTZH0000004NNR5APDB90001",
  messageId: "msg_01M7WXHTZH0000004NNR5APDB9",
  to: "ada@customer.example",
  tags: [],
  channel: "email",
  subject: "Hello",
  text: "Hi Ada",
  attachments: [],
};

export const mails = {
  plain,
  rich: {
    ...plain,
    tags: ["orders", "größe: XL", "orders"],
    subject: "Ihre Bestellung 📦 ist unterwegs",
    html: "<p>Grüße</p>",
    from: 'Müller & "Söhne" <no-reply@müller.example>',
    reply_to: "Hilfe <help@acme.example>",
    cc: ["Kopie, die <cc@acme.example>", "cc2@acme.example"],
    bcc: ["Bcc <bcc@acme.example>"],
    headers: {
      "List-Unsubscribe": "<https://c.test/u>",
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      "X-Note": "ünïcode ".repeat(20),
      "X-Empty": " ",
    },
    attachments: [{ filename: "Rechnung Größe.pdf", contentType: "application/pdf", contentBase64: btoa("%PDF-1.7") }],
  },
  "html only": { ...plain, text: undefined, html: "<p>x</p>" },
  "odd file, odd tags": {
    ...plain,
    tags: ["", "x".repeat(300), ...Array.from({ length: 20 }, (_, i) => `t${i}`)],
    attachments: [
      { filename: "n".repeat(300), contentType: `text/plain; charset=${"x".repeat(90)}`, contentBase64: "YQ==" },
      { filename: "", contentType: "no type", contentBase64: "AA==" },
    ],
  },
} as const satisfies Record<string, EmailEnvelope>;
