import { describe, expect, it } from "vitest";
import { type ComposeInput, compose, mergeVariables } from "./compose.ts";
import { compile } from "./liquid.ts";
import type { Content, EmailContent } from "./message.ts";

function composed(content: Content, over: Partial<ComposeInput> = {}) {
  return compose({
    compiled: compile(content),
    channel: "email",
    to: "ada@example.com",
    messageId: "msg_1",
    attemptId: "att_1",
    variables: {},
    now: 0,
    tags: ["t"],
    files: [],
    ...over,
  });
}

function email(part: Partial<EmailContent>, variables: Record<string, unknown> = {}) {
  const result = composed({ email: { subject: "s", html: "<p>x</p>", ...part } }, { variables });
  if (!result.ok || result.envelope.channel !== "email") throw new Error(JSON.stringify(result));
  return result.envelope;
}

const reason = (part: Partial<EmailContent>, variables: Record<string, unknown> = {}) => {
  const result = composed({ email: { subject: "s", html: "<p>x</p>", ...part } }, { variables });
  return result.ok ? null : result.reason;
};

describe("compose", () => {
  it("makes an envelope for every channel", () => {
    const content: Content = {
      email: { subject: "Hi {{ n }}", html: "<p>Hi {{ n }}</p>", from: "Shop <s@shop.example>" },
      sms: { text: " Hi {{ n }}\r\nbye " },
      whatsapp: { text: "wa {{ n }}" },
      chat: { text: "chat {{ n }}" },
      push: { title: "T {{ n }}", body: "B", data: { id: "{{ n }}" }, url: "https://x.example/{{ n }}" },
      inapp: { title: "T", body: "B {{ n }}" },
    };
    const common = { attemptId: "att_1", messageId: "msg_1", to: "ada@example.com", tags: ["t"] };
    const file = { filename: "a.pdf", contentType: "application/pdf", contentBase64: "AA==" };
    const of = (channel: ComposeInput["channel"]) => {
      const result = composed(content, { channel, variables: { n: "A&B" }, files: [file], validitySeconds: 60 });
      return result.ok ? result.envelope : result;
    };
    expect(of("email")).toEqual({
      ...common,
      channel: "email",
      attachments: [file],
      subject: "Hi A&B",
      html: "<p>Hi A&amp;B</p>",
      text: "Hi A&B",
      from: "Shop <s@shop.example>",
    });
    expect(of("sms")).toEqual({ ...common, channel: "sms", text: "Hi A&B\nbye", validitySeconds: 60 });
    expect(of("whatsapp")).toEqual({ ...common, channel: "whatsapp", text: "wa A&B", validitySeconds: 60 });
    expect(of("chat")).toEqual({ ...common, channel: "chat", text: "chat A&B", validitySeconds: 60 });
    expect(of("push")).toEqual({
      ...common,
      channel: "push",
      title: "T A&B",
      body: "B",
      data: { id: "A&B" },
      url: "https://x.example/A&B",
      validitySeconds: 60,
    });
    expect(of("inapp")).toEqual({ ...common, channel: "inapp", title: "T", body: "B A&B" });
  });

  it("lets the recipient's variables win", () => {
    const variables = mergeVariables({ a: "order", b: "order" }, { b: "recipient" });
    const result = composed({ sms: { text: "{{ a }} {{ b }}" } }, { channel: "sms", variables });
    expect(result).toMatchObject({ envelope: { text: "order recipient" } });
  });

  it("says that there is no content for the channel, and what is wrong with a template", () => {
    expect(composed({ sms: { text: "x" } })).toMatchObject({ ok: false, code: "no_content" });
    expect(composed({ email: { subject: "{{ a }}", html: "{{ b }}" } })).toEqual({
      ok: false,
      code: "template_invalid",
      reason: "email.subject: The variable a is missing. email.html: The variable b is missing.",
    });
  });

  it.each(["\r\nBcc: evil@x.example", "\nBcc: evil@x.example", "\r", "\u2028Bcc: x", "\u0000"])(
    "lets no variable (%j) start a header",
    (evil) => {
      const out = email(
        {
          subject: "{{ e }}",
          from: "{{ e }} <a@b.example>",
          headers: { "X-A": "{{ e }}" },
          reply_to: "Z{{ e | remove: '@' }}<a@b.example>",
        },
        { e: evil.replace("@", "") },
      );
      expect(JSON.stringify([out.subject, out.from, out.reply_to, out.headers])).not.toMatch(/\\r|\\n|\\u0000|\u2028/);
    },
  );

  it("lets no variable add an address", () => {
    expect(reason({ cc: ["ok@x.example", "{{ e }}"] }, { e: "a@x.example, b@x.example" })).toBe(
      "email.cc[1] is not one address once it is rendered",
    );
    for (const e of [
      "a@x.example;b@x.example",
      "a@x.example b@x.example",
      "<a@x.example><b@x.example>",
      "a",
      "a@x.example>,<b@x.example",
    ]) {
      expect(reason({ reply_to: "{{ e }}" }, { e })).toContain("email.reply_to");
      expect(reason({ from: "Shop <{{ e }}>" }, { e })).toContain("email.from");
      expect(reason({ bcc: ["{{ e }}"] }, { e })).toContain("email.bcc[0]");
    }
    expect(email({ from: "{{ e }} <s@x.example>" }, { e: 'a@x.example, "B"' }).from).toBe('"a@x.example, \\"B\\"" <s@x.example>');
    expect(email({ from: "Foo, Inc. <s@x.example>" }).from).toBe('"Foo, Inc." <s@x.example>');
    expect(reason({ from: `${" ".repeat(200_000)}a` })).toContain("email.from");
    expect(email({ from: `"Lovelace, Ada" <a@x.example>` }).from).toBe(`"Lovelace, Ada" <a@x.example>`);
  });

  it("leaves out addresses that this recipient does not have", () => {
    const out = email({ cc: ["{{ manager | default: '' }}"], reply_to: "{% if x %}a@b.example{% endif %}" });
    expect(out).not.toHaveProperty("cc");
    expect(out).not.toHaveProperty("reply_to");
  });

  it("makes the text part from the HTML only where there is none", () => {
    expect(email({ html: "<p>{{ a }}</p><p>b</p>" }, { a: "<x>" }).text).toBe("<x>\n\nb");
    expect(email({ html: "<p>a</p>", text: "own" }).text).toBe("own");
    expect(email({ html: undefined, text: "own" })).not.toHaveProperty("html");
  });

  it("refuses what is empty once it is rendered", () => {
    const empty = "{% if x %}a{% endif %}";
    expect(reason({ html: empty, text: empty })).toContain("empty");
    expect(composed({ sms: { text: empty } }, { channel: "sms" })).toMatchObject({ ok: false, code: "template_invalid" });
    expect(composed({ push: { title: empty, body: empty } }, { channel: "push" })).toMatchObject({ ok: false });
  });

  it("takes no longer than a fifth of a millisecond for an ordinary email", () => {
    const html = `<h1>Hello {{ name }}</h1>${"<p style='margin:0'>Your order {{ order.id }} ships to {{ order.city }}.</p>".repeat(8)}<ul>{% for i in items %}<li>{{ i.n }} x {{ i.name }}</li>{% endfor %}</ul>${"<p>Lorem ipsum dolor sit amet.</p>".repeat(25)}`;
    const compiled = compile({
      email: { subject: "Order {{ order.id }}", html, text: "Hello {{ name }}, order {{ order.id }}." },
    });
    const variables = {
      name: "A&B",
      order: { id: 1, city: "London" },
      items: [
        { n: 1, name: "Pen" },
        { n: 2, name: "Ink" },
      ],
    };
    const input: ComposeInput = {
      compiled,
      channel: "email",
      to: "a@b.example",
      messageId: "m",
      attemptId: "a",
      variables,
      now: 0,
      tags: [],
      files: [],
    };
    for (let i = 0; i < 500; i++) compose(input);
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round++) {
      const startedAt = performance.now();
      for (let i = 0; i < 500; i++) compose(input);
      best = Math.min(best, (performance.now() - startedAt) / 500);
    }
    expect(best).toBeLessThan(0.2);
  });
});
