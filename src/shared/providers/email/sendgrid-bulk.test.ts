import { describe, expect, test } from "vitest";
import { bulkBody, expectEveryAnswerRead, manyMails } from "../../testing/bulk.ts";
import { answer } from "../../testing/describe-provider.ts";
import type { EmailEnvelope } from "./parts.ts";
import { sendgridBulk as bulk } from "./sendgrid-bulk.ts";

interface BulkBody {
  readonly personalizations: readonly {
    readonly to: readonly { readonly email: string }[];
    readonly subject: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly custom_args: Readonly<Record<string, string>>;
    readonly substitutions?: Readonly<Record<string, string>>;
  }[];
  readonly content: readonly { readonly type: string; readonly value: string }[];
}

const account = { connectionId: "con_1", credentials: { api_key: "SG.x" }, settings: { from: "Acme <no-reply@acme.example>" } };

/** What SendGrid would send to each, by its guide: each tag of the content replaced by what is given for it. */
function rendered({ personalizations, content }: BulkBody) {
  return personalizations.map((one) => {
    const put = (text: string | undefined) =>
      Object.entries(one.substitutions ?? {}).reduce((all, [tag, value]) => all.replaceAll(tag, () => value), text ?? "");
    const [text, html] = ["text/plain", "text/html"].map((type) => put(content.find((part) => part.type === type)?.value));
    return { to: one.to.map(({ email }) => email).join(), subject: one.subject, text, html, ...one.custom_args };
  });
}

const wanted = (mails: readonly EmailEnvelope[]) =>
  mails.map(({ to, subject, text = "", html = "", attemptId, messageId }) => {
    return { to, subject, text, html, carillon_attempt_id: attemptId, carillon_message_id: messageId };
  });

describe("many mails in one call of sendgrid", () => {
  const body = async (mails: readonly EmailEnvelope[]) => (await bulkBody(bulk, mails, account)) as BulkBody;

  test("give each recipient what is theirs, under ids of their own", async () => {
    const mails = manyMails(1000);
    expect(bulk.most).toBe(1000);
    expect(rendered(await body(mails))).toEqual(wanted(mails));
  });

  test("hold shared content once, however long", async () => {
    const html = `<p>${"x".repeat(100_000)}</p>`;
    const mails = manyMails(20, { html });
    const sent = await body(mails.map((mail) => ({ ...mail, text: "Hi" })));
    expect(JSON.stringify(sent).length).toBeLessThan(120_000);
    expect(sent.personalizations.every((one) => one.substitutions === undefined)).toBe(true);
    expect(rendered(sent).map((mail) => mail.html)).toEqual(mails.map(() => html));
  });

  test("put in no more than SendGrid takes", async () => {
    const mails = manyMails(3, { text: "ü".repeat(2000), html: "x".repeat(5400) }).map((mail, i) => ({
      ...mail,
      html: `${mail.html}${i}`,
    }));
    for (const { substitutions } of (await body(mails)).personalizations) {
      expect(new TextEncoder().encode(JSON.stringify(substitutions)).length).toBeLessThanOrEqual(10_000);
    }
  });

  test("keep their own headers, and leave out a part that no mail has", async () => {
    const mails = manyMails(2, { html: undefined, headers: { "List-Unsubscribe": "<https://c.test/u>" } });
    const sent = await body(mails);
    expect(sent.content.map((part) => part.type)).toEqual(["text/plain"]);
    expect(sent.personalizations.map((one) => one.headers)).toEqual(mails.map((mail) => mail.headers));
  });

  test("share a call only where they share all that a call has once", () => {
    const [mail] = manyMails(1);
    if (!mail) throw new Error("one mail");
    const key = (over: Partial<EmailEnvelope>) => bulk.key({ ...mail, ...over }, account);
    const big = "x".repeat(20_000);
    const differ: Partial<EmailEnvelope>[] = [
      {},
      { from: "other@acme.example" },
      { reply_to: "help@acme.example" },
      { tags: ["orders"] },
      { html: undefined },
      { text: undefined },
      { html: big },
      { html: `${big}y` },
    ];
    expect(new Set(differ.map(key)).size).toBe(differ.length);
    expect(key({ to: "else@customer.example", subject: "Other", text: "Other" })).toBe(key({}));
    const file = { filename: "a", contentType: "text/plain", contentBase64: "YQ==" };
    expect([key({ attachments: [file] }), key({ cc: ["c@d.example"] }), key({ bcc: ["c@d.example"] })]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test("are all taken, or none", () => {
    const taken = bulk.decode(answer(202, "", { "x-message-id": "abc" }), 3);
    expect(taken).toEqual(Array.from({ length: 3 }, () => ({ outcome: "sent", providerMessageId: "abc" })));
    const none = bulk.decode(answer(401, { errors: [{ message: "no", field: null }] }), 2);
    expect(none.map((receipt) => receipt.outcome)).toEqual(["misconfigured", "misconfigured"]);
  });

  test("are refused for those who are named, and may go again without them", () => {
    const errors = [
      { message: "Does not contain a valid address.", field: "personalizations.1.to.0.email" },
      { message: "The subject is required.", field: "personalizations.3.subject" },
    ];
    expect(bulk.decode(answer(400, { errors }), 4).map((receipt) => receipt.outcome)).toEqual([
      "transient",
      "recipient_invalid",
      "transient",
      "permanent",
    ]);
    const all = bulk.decode(answer(400, { errors: [...errors, { message: "bad", field: "from.email" }] }), 4);
    expect(all.map((receipt) => receipt.outcome)).toEqual(Array.from({ length: 4 }, () => "permanent"));
  });

  test("have a receipt each, whatever comes back", () => expectEveryAnswerRead(bulk));
});
