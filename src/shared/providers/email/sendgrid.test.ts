import { describe, expect, test } from "vitest";
import { ATTEMPT_ID, answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import { namesAsTexts, textsByPlace } from "../../testing/places.ts";
import errors from "../../testing/specs/error-classification.json";
import { sendgrid } from "./sendgrid.ts";

interface MailSendBody {
  readonly personalizations: readonly Record<"to" | "cc" | "bcc", readonly { readonly email: string }[]>[];
  readonly subject: string;
  readonly content: readonly { readonly type: string; readonly value: string }[];
  readonly custom_args: Readonly<Record<string, string>>;
}
const bodyOf = (sent: Pick<Sent, "body">) => JSON.parse(sent.body) as MailSendBody;

/** A mailbox is one place, with a name or without. */
const mailboxes = (_: string, value: unknown) =>
  typeof value === "object" && value !== null && "email" in value ? Object.values(value).join(" ") : value;

/** A refusal as SendGrid words it. */
const error = (status: number, message = "why", field: string | null = null, headers: Record<string, string> = {}) =>
  answer(status, { errors: [{ message, field, help: null }] }, headers);

const MINUTE = { date: "Fri, 20 Nov 2026 12:00:00 GMT", "x-ratelimit-reset": String(Date.UTC(2026, 10, 20, 12, 0, 42) / 1000) };

describeProvider({
  provider: sendgrid,
  channel: "email",
  account: { credentials: { api_key: "SG.key.secret" }, settings: { from: "Acme <no-reply@acme.example>" } },
  open: [],
  origin: "https://api.sendgrid.com",
  fields: (sent) => textsByPlace(namesAsTexts(JSON.parse(sent.body, mailboxes) as object, "headers")),
  isLine: (place) => !place.startsWith(".content["),
  attemptIdOf: (sent) => bodyOf(sent).custom_args.carillon_attempt_id ?? null,
  textsOf: (sent) => [bodyOf(sent).subject, ...bodyOf(sent).content.map((part) => part.value)],
  success: answer(202, "", { "x-message-id": "14c5d75ce93.dfd.64b469" }),
  table: errors.sendgrid,
  answers: {
    "202": [answer(202, "", { "x-message-id": "14c5d75ce93.dfd.64b469" })],
    "400": [error(400), error(400, "Invalid", "from.email"), error(400, "Bad", "personalizations.0.subject"), answer(400, "")],
    "401": [error(401, "The provided authorization grant is invalid"), error(401, "Maximum credits exceeded"), answer(401, "")],
    "403": [error(403, "The from address does not match a verified Sender Identity.", "from"), answer(403, "")],
    "404|405": [error(404), error(405), answer(404, "")],
    "413": [error(413), answer(413, "<html>")],
    "429": [error(429, "too many requests", null, MINUTE), answer(429, "")],
    "500|503": [error(500), error(503), answer(500, ""), answer(503, "<html>")],
  },
  elsewhere: {},
});

const account = { connectionId: "con_1", credentials: { api_key: "SG.x" }, settings: { from: "a@b.example" } };
const mail = {
  attemptId: ATTEMPT_ID,
  messageId: "msg_1",
  to: "ada@customer.example",
  tags: [],
  channel: "email" as const,
  subject: "Hello",
  text: "Hi",
  attachments: [],
};

describe("sendgrid", () => {
  test("waits until the window ends by SendGrid's own clock, a minute where it does not tell, and a day at most", () => {
    const waits = [
      error(429, "", null, MINUTE),
      error(429),
      error(429, "", null, { ...MINUTE, "x-ratelimit-reset": "99999999999" }),
      error(429, "", null, { ...MINUTE, "x-ratelimit-reset": "1" }),
      error(429, "", null, { "x-ratelimit-reset": "soon", "retry-after": "7" }),
    ].map((given) => sendgrid.decode(given));
    expect(waits.map((receipt) => "retryAfterMs" in receipt && receipt.retryAfterMs)).toEqual([
      42_000, 60_000, 86_400_000, 1000, 7000,
    ]);
  });

  test("knows that an address was refused, and not the mail", () => {
    const field = "personalizations.0.to.0.email";
    expect(sendgrid.decode(error(400, "Does not contain a valid address.", field))).toMatchObject({
      outcome: "recipient_invalid",
    });
    const both = answer(400, {
      errors: [
        { message: "a", field },
        { message: "b", field: "from.email" },
      ],
    });
    expect(sendgrid.decode(both)).toMatchObject({ outcome: "permanent", reason: `a (${field}) b (from.email)` });
  });

  test("names each address once, since SendGrid refuses repeats", async () => {
    const copies = { ...mail, cc: ["Ada <ADA@customer.example>", "b@customer.example"], bcc: ["b@customer.example"] };
    const [first] = bodyOf({ body: await (await sendgrid.encode(copies, account, CONTEXT)).text() }).personalizations;
    expect(first).toEqual({ to: [{ email: "ada@customer.example" }], cc: [{ email: "b@customer.example" }] });
  });

  test("stays in the EU where it is told to", async () => {
    const eu = { ...account, settings: { ...account.settings, region: "eu" } };
    expect((await sendgrid.encode(mail, eu, CONTEXT)).url).toBe("https://api.eu.sendgrid.com/v3/mail/send");
    expect((await sendgrid.probe.encode(eu, CONTEXT)).url).toBe("https://api.eu.sendgrid.com/v3/scopes");
  });

  test("probes the key's scopes: one that may not send fails", () => {
    expect(sendgrid.probe.decode(answer(200, { scopes: ["mail.send"] }))).toEqual({
      ok: true,
      detail: "The API key may send mail.",
    });
    expect(sendgrid.probe.decode(answer(200, { scopes: ["alerts.read"] }))).toMatchObject({ ok: false, code: "missing_scope" });
    expect(sendgrid.probe.decode(error(401, "no"))).toEqual({ ok: false, code: "http_401", detail: "no" });
  });
});
