/** SendGrid's OpenAPI document as judge of what we send. */
import { describe, expect, test } from "vitest";
import { bulkBody, manyMails } from "../../testing/bulk.ts";
import { mailSendFlaws } from "../../testing/mail-specs.ts";
import { mails } from "../../testing/mails.ts";
import { sendgrid } from "./sendgrid.ts";
import { sendgridBulk } from "./sendgrid-bulk.ts";

const account = { connectionId: "con_1", credentials: { api_key: "SG.x" }, settings: { from: "Acme <no-reply@acme.example>" } };
const context = { now: 0, callbackUrl: null, idempotencyKey: "k", session: null };

describe("sendgrid, judged by its own document", () => {
  test.each(Object.entries(mails))("sends what it takes: %s", async (_, mail) => {
    expect(mailSendFlaws(JSON.parse(await (await sendgrid.encode(mail, account, context)).text()))).toEqual([]);
  });

  test("sends what it takes: a thousand mails", async () => {
    const headers = { "List-Unsubscribe": "<https://c.test/u>" };
    expect(mailSendFlaws(await bulkBody(sendgridBulk, manyMails(1000, { headers }), account))).toEqual([]);
    expect(mailSendFlaws(await bulkBody(sendgridBulk, manyMails(3, { text: "same", html: undefined }), account))).toEqual([]);
  });

  test("is judged by a document that finds flaws", () => {
    const flaws = mailSendFlaws({ personalizations: [{ to: [{ email: "nobody" }] }], from: { email: "a@b.example" }, odd: 1 });
    expect(flaws.join("\n")).toMatch(/email[\s\S]*additional properties|additional properties[\s\S]*email/);
  });
});
