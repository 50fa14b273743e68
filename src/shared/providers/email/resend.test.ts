import { describe, expect, test } from "vitest";
import { ATTEMPT_ID, answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import { namesAsTexts, textsByPlace } from "../../testing/places.ts";
import errors from "../../testing/specs/error-classification.json";
import { resend } from "./resend.ts";

interface EmailBody {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly tags: readonly { readonly name: string; readonly value: string }[];
}
const bodyOf = (sent: Sent) => JSON.parse(sent.body) as EmailBody;

/** A refusal as Resend words it. */
const error = (statusCode: number, name: string, headers: Record<string, string> = {}) =>
  answer(statusCode, { statusCode, name, message: "why" }, headers);
const errorsOf = (status: number, names: string) => names.split("|").map((name) => error(status, name));

describeProvider({
  provider: resend,
  channel: "email",
  account: { credentials: { api_key: "re_123456789" }, settings: { from: "Acme <no-reply@acme.example>" } },
  open: [],
  origin: "https://api.resend.com",
  fields: (sent) => textsByPlace(namesAsTexts(JSON.parse(sent.body) as object, "headers")),
  isLine: (place) => ![".text", ".html"].includes(place),
  attemptIdOf: (sent) => bodyOf(sent).tags.find((tag) => tag.name === "attempt_id")?.value ?? null,
  textsOf: (sent) => [bodyOf(sent).subject, bodyOf(sent).text, bodyOf(sent).html],
  success: answer(200, { id: "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794" }),
  table: errors.resend,
  answers: {
    "422 validation_error|missing_required_field|invalid_parameter|invalid_attachment|invalid_from_address": errorsOf(
      422,
      "validation_error|missing_required_field|invalid_parameter|invalid_attachment|invalid_from_address",
    ),
    "401 missing_api_key|restricted_api_key": errorsOf(401, "missing_api_key|restricted_api_key"),
    "403 invalid_api_key|validation_error (unverified domain/testing recipients)": errorsOf(
      403,
      "invalid_api_key|validation_error",
    ),
    "409 invalid_idempotent_request": errorsOf(409, "invalid_idempotent_request"),
    "409 concurrent_idempotent_requests": errorsOf(409, "concurrent_idempotent_requests"),
    "429 rate_limit_exceeded": [error(429, "rate_limit_exceeded", { "retry-after": "2" }), answer(429, "")],
    "429 daily_quota_exceeded|monthly_quota_exceeded": errorsOf(429, "daily_quota_exceeded|monthly_quota_exceeded"),
    "500 application_error|internal_server_error": [
      ...errorsOf(500, "application_error|internal_server_error"),
      answer(500, ""),
      answer(502, "<html>"),
    ],
  },
  elsewhere: {},
});

describe("resend", () => {
  const account = { connectionId: "con_1", credentials: { api_key: "re_x" }, settings: { from: "a@b.example" } };
  const mail = {
    attemptId: ATTEMPT_ID,
    messageId: "msg_1",
    to: "ada@customer.example",
    tags: ["orders"],
    channel: "email" as const,
    subject: "Hello",
    text: "Hi",
    attachments: [],
  };

  test("sends the same body under the same key whenever it is tried", async () => {
    const later = { ...CONTEXT, now: CONTEXT.now + 3_600_000, callbackUrl: "https://carillon.test/other" };
    const [one, two] = [await resend.encode(mail, account, CONTEXT), await resend.encode(mail, account, later)];
    expect(one.headers.get("idempotency-key")).toBe(CONTEXT.idempotencyKey);
    expect(two.headers.get("idempotency-key")).toBe(CONTEXT.idempotencyKey);
    expect(await one.text()).toBe(await two.text());
  });

  test("waits as long as it is told, by whichever header", () => {
    const by = (headers: Record<string, string>) => resend.decode(error(429, "rate_limit_exceeded", headers));
    expect(by({ "retry-after": "3", "ratelimit-reset": "9" })).toMatchObject({ retryAfterMs: 3000 });
    expect(by({ "ratelimit-reset": "9" })).toMatchObject({ retryAfterMs: 9000 });
    expect(by({})).not.toHaveProperty("retryAfterMs");
  });

  test("probes the domains; a key for sending only is fine as well", () => {
    expect(resend.probe.decode(answer(200, { data: [{}, {}] }))).toEqual({
      ok: true,
      detail: "The API key works. It sees 2 domains.",
    });
    expect(resend.probe.decode(error(401, "restricted_api_key"))).toMatchObject({ ok: true });
    expect(resend.probe.decode(error(403, "invalid_api_key"))).toEqual({ ok: false, code: "invalid_api_key", detail: "why" });
  });
});
