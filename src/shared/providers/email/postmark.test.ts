import { describe, expect, test } from "vitest";
import { ATTEMPT_ID, answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import { textsByPlace } from "../../testing/places.ts";
import errors from "../../testing/specs/error-classification.json";
import { postmark } from "./postmark.ts";

const bodyOf = (sent: Sent) =>
  JSON.parse(sent.body) as Record<"Subject" | "TextBody" | "HtmlBody", string> & { Metadata: Record<string, string> };

/** A refusal as Postmark words it. */
const error = (ErrorCode: number, Message = "why", status = 422) => answer(status, { ErrorCode, Message });
const errorsOf = (codes: string) => codes.split("|").map((code) => error(Number(code)));

const sent = { To: "ada@customer.example", SubmittedAt: "2026-11-20T12:00:00Z", MessageID: "0a129aee-e1cd", Message: "OK" };

describeProvider({
  provider: postmark,
  channel: "email",
  account: { credentials: { server_token: "0123-token" }, settings: { from: "Acme <no-reply@acme.example>" } },
  open: [],
  origin: "https://api.postmarkapp.com",
  fields: (given) => textsByPlace(JSON.parse(given.body)),
  isLine: (place) => ![".TextBody", ".HtmlBody"].includes(place),
  attemptIdOf: (given) => bodyOf(given).Metadata.attempt_id ?? null,
  textsOf: (given) => [bodyOf(given).Subject, bodyOf(given).TextBody, bodyOf(given).HtmlBody],
  success: answer(200, { ...sent, ErrorCode: 0 }),
  table: errors.postmark,
  answers: {
    "0": [answer(200, { ...sent, ErrorCode: 0 })],
    "10": [error(10, "Bad or missing Server API token", 401), error(10)],
    "100": [error(100, "Maintenance", 503), error(100)],
    "300|402|403|409": [...errorsOf("300|402|403|409"), error(300, "Invalid 'From' address: 'x'.")],
    "400|401|405|412|413": errorsOf("400|401|405|412|413"),
    "406": [error(406, "You tried to send to a recipient that has been marked as inactive.")],
    "410|411": errorsOf("410|411"),
    "429": [answer(429, ""), answer(429, { ErrorCode: 0, Message: "Rate limit exceeded" })],
    "500|503": [answer(500, ""), answer(503, "<html>"), error(0, "Internal Server Error", 500)],
  },
  elsewhere: {},
});

describe("postmark", () => {
  const account = { connectionId: "con_1", credentials: { server_token: "t" }, settings: { from: "a@b.example" } };
  const mail = {
    attemptId: ATTEMPT_ID,
    messageId: "msg_1",
    to: "ada@customer.example",
    tags: ["orders", "second"],
    channel: "email" as const,
    subject: "Hello",
    text: "Hi",
    attachments: [],
  };
  const body = async (settings: object) =>
    JSON.parse(
      await (await postmark.encode(mail, { ...account, settings: { ...account.settings, ...settings } }, CONTEXT)).text(),
    );

  test("sends over the stream that it is given, else over the transactional one", async () => {
    expect(await body({})).toMatchObject({ MessageStream: "outbound", Tag: "orders", Metadata: { message_id: "msg_1" } });
    expect(await body({ message_stream: "newsletter" })).toMatchObject({ MessageStream: "newsletter" });
  });

  test("knows that the address was refused, and not the mail", () => {
    const refused = error(300, "Error parsing 'To': Illegal email address 'x'. It must contain the '@' symbol.");
    expect(postmark.decode(refused)).toMatchObject({ outcome: "recipient_invalid", code: "300" });
  });

  test("takes no answer for a success that has an error code", () => {
    expect(postmark.decode(answer(200, { ...sent, ErrorCode: 406 }))).toMatchObject({ outcome: "recipient_invalid" });
    expect(postmark.decode(answer(200, sent))).toMatchObject({ outcome: "unknown" });
  });

  test("probes the server of the token; a sandbox says so", () => {
    const server = { ID: 1, Name: "Production", DeliveryType: "Live" };
    expect(postmark.probe.decode(answer(200, server))).toEqual({ ok: true, detail: "The token is of the server Production." });
    expect(postmark.probe.decode(answer(200, { ...server, DeliveryType: "Sandbox" }))).toMatchObject({
      ok: true,
      detail: expect.stringContaining("sandbox"),
    });
    expect(postmark.probe.decode(error(10, "no", 401))).toEqual({ ok: false, code: "10", detail: "no" });
  });
});
