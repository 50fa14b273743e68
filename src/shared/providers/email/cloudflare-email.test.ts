import { describe, expect, test } from "vitest";
import type { Envelope } from "../../core/message.ts";
import type { BoundAddress, BoundMail, Posted } from "../../ports/mailer.ts";
import { describeMailProvider, type SentMail } from "../../testing/describe-mail.ts";
import { mails } from "../../testing/mails.ts";
import { expectSound, OUTCOME_OF_CLASS } from "../../testing/provider-cases.ts";
import errors from "../../testing/specs/error-classification.json";
import { cloudflareEmail } from "./cloudflare-email.ts";

const given = { credentials: {}, settings: { from: "Acme <no-reply@acme.example>" } };
const account = { connectionId: "con_1", ...given };
const emailOf = (address: BoundAddress): string => (typeof address === "string" ? address : address.email);
const nameOf = (address: BoundAddress): string => (typeof address === "string" ? "" : address.name);

const encode = (envelope: Envelope): BoundMail => cloudflareEmail.encode(envelope, account);

async function sentMail(envelope: Envelope): Promise<SentMail> {
  const mail = encode(envelope);
  const { from, to, cc = [], bcc = [], replyTo, headers, attachments } = mail;
  const addresses = [from, ...to, ...cc, ...bcc, ...(replyTo === undefined ? [] : [replyTo])];
  return {
    recipients: [...to, ...cc, ...bcc].map(emailOf),
    headers: Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    // Not of a protocol, but as good as: each of them becomes part of a header.
    lines: [
      ["texts", ...addresses.flatMap((a) => [emailOf(a), nameOf(a)]), ...attachments.flatMap((a) => [a.filename, a.type])].join(
        " ",
      ),
    ],
    all: JSON.stringify(mail),
  };
}

describeMailProvider({
  provider: cloudflareEmail,
  account: given,
  said: ["from"],
  send: sentMail,
  attemptIdOf: ({ headers }) => headers.find(([name]) => name === "x-carillon-attempt-id")?.[1],
});

describe("cloudflare-email classifies", () => {
  const codes: Readonly<Record<string, readonly string[]>> = {
    "E_VALIDATION_ERROR|E_FIELD_MISSING|E_TOO_MANY_RECIPIENTS|E_CONTENT_TOO_LARGE|E_HEADER_*": [
      ...["E_VALIDATION_ERROR", "E_FIELD_MISSING", "E_TOO_MANY_RECIPIENTS", "E_TOO_MANY_ATTACHMENTS", "E_CONTENT_TOO_LARGE"],
      ...["E_HEADER_NOT_ALLOWED", "E_HEADER_USE_API_FIELD", "E_HEADER_VALUE_INVALID", "E_HEADER_VALUE_TOO_LONG"],
      ...["E_HEADER_NAME_INVALID", "E_HEADERS_TOO_LARGE", "E_HEADERS_TOO_MANY"],
    ],
  };
  test.each(errors.cloudflare_email.rows)("$match as $class", ({ match, class: name }) => {
    for (const code of codes[match] ?? match.split("|")) {
      const receipt = cloudflareEmail.decode({ kind: "refused", code, reason: "line\r\n".repeat(500) });
      expectSound(receipt);
      expect(receipt, code).toMatchObject({ outcome: OUTCOME_OF_CLASS[name], code });
    }
  });

  test("a daily limit as something for later", () => {
    const receipt = cloudflareEmail.decode({ kind: "refused", code: "E_DAILY_LIMIT_EXCEEDED", reason: "" });
    expect(receipt).toMatchObject({ outcome: "throttled", retryAfterMs: 3_600_000 });
  });

  test.each([
    { kind: "unknown", reason: "no answer within 20000 ms" },
    { kind: "refused", code: "E_SOMETHING_NEW", reason: "?" },
  ] as const)("what says nothing of the mail as unknown: %j", (posted: Posted) => {
    const receipt = cloudflareEmail.decode(posted);
    expectSound(receipt);
    expect(receipt.outcome).toBe("unknown");
  });

  test("a message id as sent", () => {
    expect(cloudflareEmail.decode({ kind: "taken", messageId: "m-1" })).toEqual({ outcome: "sent", providerMessageId: "m-1" });
  });
});

describe("cloudflare-email", () => {
  test("writes a mail as the binding takes it", () => {
    expect(encode(mails.rich)).toEqual({
      from: { name: 'Müller & "Söhne"', email: "no-reply@xn--mller-kva.example" },
      to: ["ada@customer.example"],
      cc: [{ name: "Kopie, die", email: "cc@acme.example" }, "cc2@acme.example"],
      bcc: [{ name: "Bcc", email: "bcc@acme.example" }],
      replyTo: { name: "Hilfe", email: "help@acme.example" },
      subject: mails.rich.subject,
      text: mails.rich.text,
      html: mails.rich.html,
      headers: {
        "List-Unsubscribe": "<https://c.test/u>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-Note": expect.stringMatching(/^=\?UTF-8\?B\?/),
        "X-Carillon-Message-Id": mails.rich.messageId,
        "X-Carillon-Attempt-Id": mails.rich.attemptId,
      },
      attachments: [
        {
          filename: "Rechnung Größe.pdf",
          type: "application/pdf",
          disposition: "attachment",
          content: new TextEncoder().encode("%PDF-1.7"),
        },
      ],
    });
  });

  test("lets nobody write a header of ours, nor one that has no name there", () => {
    const headers = { "x-carillon-attempt-id": "att_evil", "X-Bad!Name": "1", "X-Good_Name": "2" };
    expect(encode({ ...mails.plain, headers }).headers).toEqual({
      "X-Good_Name": "2",
      "X-Carillon-Message-Id": mails.plain.messageId,
      "X-Carillon-Attempt-Id": mails.plain.attemptId,
    });
  });
});
