import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Envelope } from "../../core/message.ts";
import { answer, CONTEXT, describeProvider } from "../../testing/describe-provider.ts";
import { textsByPlace } from "../../testing/places.ts";
import { contentRefusal } from "../supports.ts";
import { at, isAmong } from "./answers.ts";
import { http } from "./http.ts";

const secrets = { token: "the-secret-token", sign_key: "another-secret" };
const settings = {
  url: "https://api.acme.example/v1/messages/{{ to }}?app={{ channel }}",
  headers: {
    Authorization: "Bearer {{ secret.token }}",
    "Idempotency-Key": "{{ idempotency_key }}",
  },
  body: {
    to: "{{ to }}",
    text: "{{ text }}",
    ref: "{{ attempt_id }}",
    tags: "{{ tags | json }}",
    ttl: "{{ validity_seconds | json }}",
  },
  id_pointer: "/data/id",
  error_code_pointer: "/error/code",
  error_message_pointer: "/error/message",
};
const under = (endpoint: string) => `${endpoint.replace(/\/+$/, "")}/send`;

describeProvider({
  provider: http,
  channel: "sms",
  account: { credentials: { secrets }, settings },
  open: [],
  isOpenToAll: true,
  origin: "https://api.acme.example",
  elsewhereBy: (endpoint) => ({ url: under(endpoint), verify_url: under(endpoint) }),
  fields: (sent) => textsByPlace(JSON.parse(sent.body)),
  isLine: (place) => !/^\.(text|tags)/.test(place),
  attemptIdOf: (sent) => (JSON.parse(sent.body) as { ref: string }).ref,
  textsOf: (sent) => [(JSON.parse(sent.body) as { text: string }).text],
  success: answer(201, { data: { id: 4711 } }),
  table: {
    rows: [
      { match: "429", class: "throttled" },
      { match: "401|403|404|405|410 | 3xx", class: "auth_config" },
      { match: "other 4xx", class: "permanent" },
      { match: "408 | 5xx", class: "unknown_outcome" },
      { match: "2xx without the id that it should have", class: "unknown_outcome" },
    ],
  },
  answers: {
    "429": [answer(429, "", { "retry-after": "9" })],
    "401|403|404|405|410 | 3xx": [401, 403, 404, 405, 410, 301, 304].map((status) => answer(status, "")),
    "other 4xx": [400, 402, 409, 413, 422].map((status) => answer(status, { error: { code: 7, message: "no" } })),
    "408 | 5xx": [408, 500, 503].map((status) => answer(status, "")),
    "2xx without the id that it should have": [answer(200, {}), answer(204, "")],
  },
  elsewhere: {},
});

type Given = Partial<z.input<typeof http.settings> & object> & Readonly<Record<string, unknown>>;

function accountWith(given: Given, own: Record<string, string> = secrets) {
  return {
    connectionId: "con_1",
    credentials: http.credentials.parse({ secrets: own }),
    settings: http.settings.parse({ url: "https://api.acme.example/send", ...given }),
  };
}

const base = { attemptId: "att_1", messageId: "msg_1", to: "+447700900123", tags: ["a", "b"] };
const sms = (text: string): Envelope => ({ ...base, channel: "sms", text });
const push: Envelope = { ...base, channel: "push", title: "T", body: "B", data: { k: "v" } };

async function sent(given: Given, envelope: Envelope = sms("Hi")) {
  const request = await http.encode(envelope, accountWith(given), CONTEXT);
  const body = new TextDecoder().decode(await request.arrayBuffer());
  return { method: request.method, url: request.url, headers: request.headers, body };
}

const flaws = (given: Given) =>
  (http.settings.safeParse({ url: "https://a.example/", ...given }).error?.issues ?? []).map(({ path }) => path.join("."));

const EVIL = '"}, "admin": true, "x": "</text><admin/>&to=evil\r\nX-Evil: 1\u0000/../..?a=b#c{{ secret.token }}';

describe("a body", () => {
  test("of JSON keeps every value in its place, and makes numbers and lists where the template says so", async () => {
    const body = {
      to: "{{ to }}",
      parts: [{ text: "<{{ text }}>" }, 7, null, true],
      tags: "{{ tags | json }}",
      n: "{{ text | size | json }}",
    };
    expect(JSON.parse((await sent({ body }, sms(EVIL))).body)).toEqual({
      to: base.to,
      parts: [{ text: `<${EVIL}>` }, 7, null, true],
      tags: ["a", "b"],
      n: EVIL.length,
    });
  });

  test("of JSON has the same shape whatever the values are", async () => {
    const body = { a: ["{{ text }}", { b: "x{{ to }}" }], c: "{{ text | json }}" };
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 50 }), async (text) => {
        const found = JSON.parse((await sent({ body }, sms(text))).body);
        expect(found).toEqual({ a: [text, { b: `x${base.to}` }], c: text });
      }),
      { numRuns: 100 },
    );
  });

  test("of a form, of XML and of text", async () => {
    const form = await sent({ body_format: "form", body: { to: "{{ to }}", msg: "{{ text }}" } }, sms(EVIL));
    expect([...new URLSearchParams(form.body)]).toEqual([
      ["to", base.to],
      ["msg", EVIL],
    ]);
    expect(form.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
    const xml = await sent({ body_format: "xml", body: "<m to='{{ to }}'>{{ text }}</m>" }, sms("<a>&'\""));
    expect(xml.body).toBe("<m to='+447700900123'>&lt;a&gt;&amp;&#39;&#34;</m>");
    const text = await sent({ body_format: "text", body: "{{ text }}", content_type: "text/markdown" }, sms("<a>"));
    expect([text.body, text.headers.get("content-type")]).toEqual(["<a>", "text/markdown"]);
  });

  test("holds all that is known of the message unless set, and nothing for a GET", async () => {
    expect(JSON.parse((await sent({}, push)).body)).toMatchObject({
      to: base.to,
      channel: "push",
      message_id: "msg_1",
      attempt_id: "att_1",
      title: "T",
      body: "B",
      data: { k: "v" },
      text: null,
    });
    expect(await sent({ method: "GET", url: "https://a.example/?t={{ text }}" })).toMatchObject({
      method: "GET",
      url: "https://a.example/?t=Hi",
      body: "",
    });
  });

  test("of a mail has its files", async () => {
    const mail: Envelope = {
      ...base,
      channel: "email",
      subject: "S",
      html: "<p>",
      attachments: [{ filename: "a.pdf", contentType: "application/pdf", contentBase64: "YQ==" }],
    };
    const { body } = await sent({ body: { s: "{{ subject }}", files: "{{ attachments | json }}" } }, mail);
    expect(JSON.parse(body)).toEqual({
      s: "S",
      files: [{ filename: "a.pdf", content_type: "application/pdf", content_base64: "YQ==" }],
    });
  });
});

describe("a header or a URL", () => {
  test("takes no line break and no other place in", async () => {
    const { url, headers } = await sent(
      { url: "https://a.example/x/{{ text }}?q={{ text }}", headers: { "X-Text": "{{ text }}" } },
      sms(EVIL),
    );
    expect(url).toBe(`https://a.example/x/${encodeURIComponent(EVIL)}?q=${encodeURIComponent(EVIL)}`);
    expect([...headers.keys()].sort()).toEqual(["content-type", "x-text"]);
    expect(headers.get("x-text")).toContain("X-Evil: 1 /..");
  });

  test("keeps what is not ASCII", async () => {
    const { headers } = await sent({ headers: { "X-Text": "{{ text }}" } }, sms("Grüße"));
    expect(headers.get("x-text")).toBe("Grüße");
  });

  test("has secrets, and content has none", async () => {
    const { headers, body } = await sent(
      { headers: { "X-Key": "{{ secret.token }}" }, body: { t: "{{ text }}", s: "{{ secret.sign_key }}" } },
      sms("{{ secret.token }}"),
    );
    expect(headers.get("x-key")).toBe(secrets.token);
    expect(JSON.parse(body)).toEqual({ t: "{{ secret.token }}", s: secrets.sign_key });
  });

  test("that a value would lead elsewhere is refused before anything is sent", () => {
    const code = (text: string) =>
      contentRefusal(http, sms(text), accountWith({ url: "https://a.example/users/{{ text }}/send" }))?.code ?? null;
    expect(["..", ".", "%2e%2e", "a", "...", "a/.."].map(code)).toEqual(["url_invalid", "url_invalid", null, null, null, null]);
  });
});

describe("settings", () => {
  test("have a host that is written out, and templates that compile", () => {
    for (const url of [
      "https://{{ to }}/",
      "https://a.example{{ to }}",
      "https://a.example:{{ to }}/",
      "https://u:p@a.example/",
      "ftp://a.example/",
      "a.example",
      "https://a.example/#x",
      "https://a.example/ x",
      "https://a.example\\@evil.example/",
    ]) {
      expect(new Set(flaws({ url })), url).toEqual(new Set(["url"]));
    }
    expect(flaws({ url: "https://a.example:8443/{{ to | slice: 1, 5 }}" })).toEqual([]);
    expect(flaws({ url: "https://a.example/{{ to | raw }}" })).toEqual(["url"]);
    expect(flaws({ headers: { "X-A": "{{ to" } })).toEqual(["headers.X-A"]);
    expect(flaws({ headers: { Host: "x", "Content-Type": "y", "X\r\n": "z" } })).toHaveLength(3);
    expect(flaws({ body: { a: "{% for %}" } })).toEqual(["body.a"]);
  });

  test("name only what there is", () => {
    expect(flaws({ body: { a: "{{ txt }}", b: ["{{ user.name }}"], c: "{{ secret.any }}", d: "{{ data.order }}" } })).toEqual([
      "body.a",
      "body.b[0]",
    ]);
    const missing = http.accountFlaw?.(accountWith({ headers: { A: "{{ secret.other }}" } }));
    expect(missing).toMatchObject({
      outcome: "misconfigured",
      code: "secret_missing",
      reason: expect.stringContaining("secret.other"),
    });
    expect(http.accountFlaw?.(accountWith({ headers: { A: "{{ secret.token }}" } }))).toBeNull();
  });

  test("fit together", () => {
    expect(flaws({ method: "GET", body: {} })).toEqual(["body"]);
    expect(flaws({ body_format: "form", body: ["x"] })).toEqual(["body"]);
    expect(flaws({ body_format: "xml" })).toEqual(["body"]);
    expect(flaws({ errors: [{ outcome: "permanent" }, { statuses: ["4xx"], equals: 1, outcome: "permanent" }] })).toEqual([
      "errors.0",
      "errors.1.equals",
    ]);
    expect(flaws({ errors: [{ statuses: ["4x"], outcome: "permanent" }], id_pointer: "id" })).toEqual([
      "id_pointer",
      "errors.0.statuses.0",
    ]);
  });

  test("say where they lead, whatever the templates say", () => {
    const given = accountWith({ url: "https://10.0.0.1:8443/{{ to }}?x", verify_url: "http://a.example?y" });
    expect(http.addresses?.(given)).toEqual([
      { field: "url", base: "https://10.0.0.1:8443/" },
      { field: "verify_url", base: "http://a.example/" },
    ]);
  });

  test("have a title each, so that a form can be drawn", () => {
    const form = z.toJSONSchema(http.settings, { io: "input" });
    for (const [name, field] of Object.entries(form.properties ?? {})) expect(field, name).toHaveProperty("title");
    expect(form.required).toEqual(["url"]);
  });
});

describe("content that it cannot carry", () => {
  const code = (given: Given, envelope: Envelope) => contentRefusal(http, envelope, accountWith(given))?.code ?? null;

  test("is too long, kept by another provider, or fails in a template", () => {
    expect(code({ max_characters: 5 }, sms("12345"))).toBeNull();
    expect(code({ max_characters: 5 }, sms("123456"))).toBe("too_long");
    const stored = { provider: "ses", id: "x", variables: {} };
    expect(code({}, { ...base, channel: "email", subject: "", provider_template: stored, attachments: [] })).toBe(
      "unsupported_content",
    );
    expect(code({ body: { a: "{{ data.order }}" } }, push)).toBe("template_invalid");
    expect(code({ body: { a: "{{ data.k }}" } }, push)).toBeNull();
  });
});

describe("an answer", () => {
  const read = (given: Given, status: number, body: unknown, headers = {}) =>
    http.decode(answer(status, body, headers), accountWith(given));

  test("is a success by its status, by what is in it, or by both", () => {
    expect(read({}, 204, "")).toEqual({ outcome: "sent", providerMessageId: "accepted" });
    expect(read({ success: { statuses: ["202"] } }, 200, "")).toMatchObject({ outcome: "unknown" });
    const ok = { success: { pointer: "/ok", equals: true } };
    expect(read(ok, 200, { ok: true })).toMatchObject({ outcome: "sent" });
    expect(read(ok, 200, { ok: false })).toMatchObject({ outcome: "permanent" });
    expect(read(ok, 200, "<html>")).toMatchObject({ outcome: "unknown" });
    expect(read({ id_header: "x-id" }, 200, "", { "x-id": "m-1" })).toMatchObject({ providerMessageId: "m-1" });
    expect(read({ id_pointer: "/a/0/b~1c" }, 200, { a: [{ "b/c": "m-2" }] })).toMatchObject({ providerMessageId: "m-2" });
  });

  test("means what the first rule that fits says", () => {
    const given = {
      error_code_pointer: "/code",
      error_message_pointer: "/message",
      errors: [
        { pointer: "/code", equals: "blocked", outcome: "recipient_invalid" as const },
        { statuses: ["400"], pointer: "/code", equals: 17, outcome: "throttled" as const },
        { statuses: ["500-502"], outcome: "transient" as const },
        { pointer: "/fatal", outcome: "misconfigured" as const },
      ],
    };
    expect(read(given, 200, { code: "blocked", message: "He\nsaid no" })).toEqual({
      outcome: "recipient_invalid",
      code: "blocked",
      reason: "He said no",
    });
    expect(read(given, 400, { code: 17 }, { "retry-after": "3" })).toMatchObject({
      outcome: "throttled",
      code: "17",
      retryAfterMs: 3000,
    });
    expect(read(given, 400, { code: "17" })).toMatchObject({ outcome: "permanent" });
    expect(read(given, 502, "")).toMatchObject({ outcome: "transient", code: "http_502" });
    expect(read(given, 503, "")).toMatchObject({ outcome: "unknown" });
    expect(read(given, 200, { fatal: 0 })).toMatchObject({ outcome: "misconfigured" });
    expect(read(given, 200, { fatal: null })).toMatchObject({ outcome: "sent" });
  });

  test("is looked into by pointers that reach its own fields only", () => {
    expect(at({ a: { b: [1, 2] } }, "/a/b/1")).toBe(2);
    for (const pointer of ["/a/b/length", "/constructor", "/a/__proto__", "/x/y", "/a/b/-1"]) {
      expect(at({ a: { b: [1, 2] } }, pointer), pointer).toBe(pointer === "/a/b/length" ? 2 : undefined);
    }
    expect([200, 204, 205].map((status) => isAmong(status, ["200-204"]))).toEqual([true, true, false]);
  });
});

test("an account says itself whether it knows a repeat, and how long it is waited for", () => {
  const { idempotent } = http;
  if (typeof idempotent !== "function") throw new Error("it is for the account to say");
  expect([idempotent(accountWith({})), idempotent(accountWith({ idempotent: true }))]).toEqual([false, true]);
  expect(http.timeoutOf?.(accountWith({ timeout_seconds: 3 }))).toBe(3000);
});

test("it is verified by a URL of its own, with the same headers, where there is one", async () => {
  const given = accountWith({ verify_url: "https://a.example/me?k={{ secret.token }}", headers: { A: "{{ secret.token }}" } });
  const request = await http.probe.encode(given, CONTEXT);
  expect([request.method, request.url, request.headers.get("a")]).toEqual([
    "GET",
    "https://a.example/me?k=the-secret-token",
    "the-secret-token",
  ]);
  expect(http.probe.decode(answer(200, ""), given)).toMatchObject({ ok: true });
  expect(http.probe.decode(answer(401, ""), given)).toMatchObject({ ok: false, code: "http_401" });
  expect(http.probe.decode(answer(200, ""), accountWith({}))).toMatchObject({ ok: false, code: "cannot_verify" });
});
