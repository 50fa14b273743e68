import { describe, expect, test } from "vitest";
import { bulkBody, expectEveryAnswerRead, manyMails } from "../../testing/bulk.ts";
import { answer } from "../../testing/describe-provider.ts";
import errors from "../../testing/specs/error-classification.json";
import type { EmailEnvelope } from "./parts.ts";
import { sesBulk as bulk } from "./ses-bulk.ts";

interface BulkBody {
  readonly DefaultContent: {
    readonly Template: { readonly TemplateContent: Readonly<Record<"Subject" | "Text" | "Html", string>> };
  };
  readonly BulkEmailEntries: readonly {
    readonly Destination: { readonly ToAddresses: readonly string[] };
    readonly ReplacementTags: readonly { readonly Name: string; readonly Value: string }[];
    readonly ReplacementEmailContent: { readonly ReplacementTemplate: { readonly ReplacementTemplateData: string } };
    readonly ReplacementHeaders?: readonly { readonly Name: string; readonly Value: string }[];
  }[];
}

const account = {
  connectionId: "con_1",
  credentials: { access_key_id: "AKIDEXAMPLE", secret_access_key: "secret" },
  settings: { region: "eu-west-1", from: "Acme <no-reply@acme.example>", configuration_set: "events" },
};

/** What SES would send to each, by its guide: each variable replaced by its data, and nothing escaped. */
function rendered(body: BulkBody) {
  const { Subject, Text, Html } = body.DefaultContent.Template.TemplateContent;
  return body.BulkEmailEntries.map((entry) => {
    const { ReplacementTemplateData } = entry.ReplacementEmailContent.ReplacementTemplate;
    const data = JSON.parse(ReplacementTemplateData) as Record<string, string>;
    const put = (part: string | undefined) => part?.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => data[name] ?? "missing");
    const tags = Object.fromEntries(entry.ReplacementTags.map(({ Name, Value }) => [Name, Value]));
    return { to: entry.Destination.ToAddresses.join(), subject: put(Subject), text: put(Text), html: put(Html), ...tags };
  });
}

const result = (Status: string, more: object = {}) => ({ Status, ...more });
const results = (...list: readonly object[]) => answer(200, { BulkEmailEntryResults: list });

describe("many mails in one call of ses", () => {
  const body = async (mails: readonly EmailEnvelope[]) => (await bulkBody(bulk, mails, account)) as BulkBody;

  test("give each recipient what is theirs, under ids of their own", async () => {
    const mails = manyMails(50);
    expect(bulk.most).toBe(50);
    expect(rendered(await body(mails))).toEqual(
      mails.map(({ to, subject, text, html, attemptId, messageId }) => {
        return { to, subject, text, html, attempt_id: attemptId, message_id: messageId };
      }),
    );
  });

  test("keep their own headers, and leave out a part that no mail has", async () => {
    const [one, two] = manyMails(2, { html: undefined });
    if (!one || !two) throw new Error("two mails");
    const sent = await body([one, { ...two, headers: { "X-Order": "2" }, tags: ["b c"] }]);
    expect(sent.DefaultContent.Template.TemplateContent).toEqual({ Subject: "{{subject}}", Text: "{{text}}" });
    expect(sent.BulkEmailEntries.map((entry) => entry.ReplacementHeaders)).toEqual([
      undefined,
      [{ Name: "X-Order", Value: "2" }],
    ]);
    expect(sent.BulkEmailEntries[1]?.ReplacementTags).toContainEqual({ Name: "tag_1", Value: "b_c" });
  });

  test("share a call only where they share all that a call has once", () => {
    const [mail] = manyMails(1);
    if (!mail) throw new Error("one mail");
    const key = (over: Partial<EmailEnvelope>) => bulk.key({ ...mail, ...over }, account);
    const differ: Partial<EmailEnvelope>[] = [
      {},
      { from: "other@acme.example" },
      { reply_to: "help@acme.example" },
      { html: undefined },
      { text: undefined },
    ];
    expect(new Set(differ.map(key)).size).toBe(differ.length);
    expect(key({ to: "else@customer.example", subject: "Other", html: "Other", tags: ["x"], headers: { "X-A": "1" } })).toBe(
      key({}),
    );
    const file = { filename: "a", contentType: "text/plain", contentBase64: "YQ==" };
    const headers = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`X-${i}`, "1"]));
    const alone = [
      { attachments: [file] },
      { cc: ["c@d.example"] },
      { bcc: ["c@d.example"] },
      { html: "x".repeat(100_000) },
      { headers },
    ];
    expect(alone.map(key)).toEqual(alone.map(() => null));
  });

  describe("classify", () => {
    const OUTCOMES: Readonly<Record<string, string>> = {
      ok: "sent",
      transient: "transient",
      throttled: "throttled",
      auth_config: "misconfigured",
      permanent: "permanent",
      unknown_outcome: "unknown",
    };
    const rows = errors.ses.rows.filter((row) => row.match.startsWith("bulk "));

    test.each(rows)("$match as $class", ({ match, class: expected }) => {
      const statuses = match.replace(/^bulk (result )?/, "").split("|");
      const receipts = bulk.decode(results(...statuses.map((status) => result(status, { MessageId: "m" }))), statuses.length);
      expect(receipts.map((receipt) => receipt.outcome)).toEqual(statuses.map(() => OUTCOMES[expected]));
    });

    test("every row of the published table", () => expect(rows.length).toBe(6));
  });

  test("are taken one by one: some are, and some are not", () => {
    const given = results(
      result("SUCCESS", { MessageId: "one" }),
      result("MESSAGE_REJECTED", { Error: "a virus" }),
      result("ACCOUNT_DAILY_QUOTA_EXCEEDED"),
      result("SUCCESS"),
      result("SOMETHING_NEW"),
    );
    expect(bulk.decode(given, 5)).toMatchObject([
      { outcome: "sent", providerMessageId: "one" },
      { outcome: "permanent", code: "MESSAGE_REJECTED", reason: "a virus" },
      { outcome: "throttled", retryAfterMs: 3_600_000 },
      { outcome: "unknown" },
      { outcome: "unknown", code: "SOMETHING_NEW" },
    ]);
  });

  test("are all in doubt where the results are not as many as they are", () => {
    const one = results(result("SUCCESS", { MessageId: "one" }));
    expect(bulk.decode(one, 2).map((receipt) => receipt.outcome)).toEqual(["unknown", "unknown"]);
  });

  test("are all refused where the call is", () => {
    const refused = answer(400, { __type: "BadRequestException", message: "no" });
    expect(bulk.decode(refused, 2)).toMatchObject([{ code: "BadRequestException" }, { code: "BadRequestException" }]);
  });

  test("have a receipt each, whatever comes back", () => expectEveryAnswerRead(bulk));
});
