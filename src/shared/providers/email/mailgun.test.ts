import { describe, expect, test } from "vitest";
import { ATTEMPT_ID, answer, CONTEXT, describeProvider, type Sent } from "../../testing/describe-provider.ts";
import errors from "../../testing/specs/error-classification.json";
import { mailgun } from "./mailgun.ts";

/** The fields of the form, taken apart by hand: name and what follows it, value. */
function form(sent: Sent): (readonly [head: string, value: string])[] {
  const boundary = /boundary=([0-9a-f]{40})$/.exec(sent.headers.get("content-type") ?? "")?.[1] ?? "no boundary";
  const parts = `\r\n${sent.body}`.split(`\r\n--${boundary}`);
  expect([parts.at(0), parts.at(-1)]).toEqual(["", "--\r\n"]);
  return parts.slice(1, -1).map((part) => {
    const end = part.indexOf("\r\n\r\n");
    return [part.slice(0, end).replace(/^\r\ncontent-disposition: form-data; name=/, ""), part.slice(end + 4)];
  });
}
const value = (sent: Sent, name: string) => form(sent).find(([head]) => head === `"${name}"`)?.[1];

const said = (status: number, message: string, headers: Record<string, string> = {}) => answer(status, { message }, headers);

describeProvider({
  provider: mailgun,
  channel: "email",
  account: {
    credentials: { api_key: "key-0123456789abcdef" },
    settings: { from: "Acme <no-reply@acme.example>", domain: "mg.acme.example" },
  },
  open: [],
  origin: "https://api.mailgun.net",
  fields: (sent) => {
    const fields = new Map<string, string>();
    for (const [i, [head, text]] of form(sent).entries()) {
      const own = /^"h:(?!Reply-To)/.test(head) ? "header" : head.includes("filename=") ? "file" : head;
      fields.set(`${own}${fields.has(own) ? i : ""}`, text);
      if (own !== head) fields.set(`${own} head`, head.replaceAll("\r\ncontent-type", ""));
    }
    return fields;
  },
  isLine: (place) => !['"text"', '"html"'].includes(place),
  attemptIdOf: (sent) => value(sent, "v:attempt_id") ?? null,
  textsOf: (sent) => ["subject", "text", "html"].map((name) => value(sent, name) ?? ""),
  success: answer(200, { id: "<20261120120000.1.ABC@mg.acme.example>", message: "Queued. Thank you." }),
  table: errors.mailgun,
  answers: {
    "400": [said(400, "from parameter is missing"), answer(400, "")],
    "401|403": [answer(401, "Forbidden"), said(403, "Domain mg.acme.example is not allowed to send"), answer(403, "")],
    "402": [said(402, "Please activate your Mailgun account"), answer(402, "")],
    "404": [said(404, "Domain not found: mg.acme.example"), answer(404, "")],
    "413": [answer(413, "<html>")],
    "429": [said(429, "Too many requests", { "retry-after": "5" }), answer(429, "")],
    "500|502|503|504": [500, 502, 503, 504].flatMap((status) => [answer(status, ""), said(status, "Internal Server Error")]),
  },
  elsewhere: {},
});

describe("mailgun", () => {
  const account = {
    connectionId: "con_1",
    credentials: { api_key: "k" },
    settings: { from: "a@b.example", domain: "mg.b.example", region: "eu" },
  };
  const mail = {
    attemptId: ATTEMPT_ID,
    messageId: "msg_1",
    to: "ada@customer.example",
    tags: ["größe", "orders"],
    channel: "email" as const,
    subject: "Hello",
    text: "Hi",
    attachments: [{ filename: 'a "b"\r\n.bin', contentType: "application/x-any; x=1", contentBase64: "AP8NCg==" }],
  };

  test("sends a form that a server reads back, with files as they are", async () => {
    const request = await mailgun.encode(mail, account, CONTEXT);
    expect(request.url).toBe("https://api.eu.mailgun.net/v3/mg.b.example/messages");
    expect(request.headers.get("authorization")).toBe(`Basic ${btoa("api:k")}`);
    const fields = await new Response(await request.arrayBuffer(), { headers: request.headers }).formData();
    expect([fields.get("to"), fields.get("v:message_id"), fields.getAll("o:tag")]).toEqual([
      "ada@customer.example",
      "msg_1",
      ["gr__e", "orders"],
    ]);
    const file = fields.get("attachment") as unknown as File;
    expect(file.type).toBe("application/x-any");
    expect([...new Uint8Array(await file.arrayBuffer())]).toEqual([0, 255, 13, 10]);
  });

  test("waits as long as it is told, else a minute", () => {
    expect(mailgun.decode(said(429, "slow", { "retry-after": "5" }))).toMatchObject({ retryAfterMs: 5000 });
    expect(mailgun.decode(said(429, "slow"))).toMatchObject({ retryAfterMs: 60_000 });
  });

  test("knows that the address was refused, and not the mail", () => {
    const refused = said(400, "to parameter is not a valid address. please check documentation");
    expect(mailgun.decode(refused)).toMatchObject({ outcome: "recipient_invalid" });
  });

  test("names its messages as its events do", () => {
    expect(mailgun.decode(answer(200, { id: "<a@b.example>" }))).toEqual({ outcome: "sent", providerMessageId: "a@b.example" });
  });

  test("probes without a recipient: that one is missed proves the key and the domain", async () => {
    const probe = await mailgun.probe.encode(account, CONTEXT);
    const fields = await new Response(await probe.arrayBuffer(), { headers: probe.headers }).formData();
    expect([...fields.keys()]).toEqual(["from"]);
    expect(mailgun.probe.decode(said(400, "to parameter is missing"))).toMatchObject({ ok: true });
    expect(mailgun.probe.decode(said(400, "from parameter is not a valid address"))).toMatchObject({ ok: false });
    expect(mailgun.probe.decode(answer(401, "Forbidden"))).toMatchObject({ ok: false, code: "http_401" });
    expect(mailgun.probe.decode(said(404, "Domain not found"))).toEqual({
      ok: false,
      code: "http_404",
      detail: "Domain not found",
    });
  });

  test.each(["", "localhost", "a b.example", "mg.example.com/../x", "MG.example.com"])("has no domain %j", (domain) => {
    expect(mailgun.settings.safeParse({ domain, from: "a@b.example" }).success).toBe(false);
  });
});
