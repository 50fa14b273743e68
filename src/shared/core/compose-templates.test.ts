import { describe, expect, test } from "vitest";
import { contentShape } from "../contract/content.ts";
import { flawsOf } from "../contract/flaws.ts";
import { compose } from "./compose.ts";
import { compile } from "./liquid.ts";
import type { Content, LinkedFile } from "./message.ts";

const SID = `HX${"0123456789abcdef".repeat(2)}`;
const template = { name: "order_ready", language: "en_US" };

function composed(content: Content, channel: "email" | "sms" | "whatsapp" | "chat", variables = {}, links: LinkedFile[] = []) {
  const common = { messageId: "msg_1", attemptId: "att_1", to: "+447700900123", now: 0, tags: [], files: [], links };
  const result = compose({ compiled: compile(content), channel, variables, locale: "en-GB", ...common });
  if (!result.ok) return result.reason;
  const { channel: _c, attemptId: _a, messageId: _m, to: _t, tags: _g, ...rest } = result.envelope;
  return rest;
}

describe("a template of WhatsApp", () => {
  test("has its variables, header and buttons filled in by Liquid", () => {
    const content = {
      whatsapp: {
        template: {
          ...template,
          language: "{{ locale }}",
          variables: ["{{ name }}", "{{ total }}"],
          header: { type: "document" as const, link: "https://acme.example/{{ id }}.pdf", filename: "{{ id }}.pdf" },
          buttons: [{ type: "url" as const, value: "{{ id }}" }],
          content_sid: SID,
        },
      },
    };
    expect(composed(content, "whatsapp", { name: "Ada\n  Byron", total: 12.5, id: "A7" })).toEqual({
      template: {
        name: "order_ready",
        language: "en_GB",
        variables: ["Ada   Byron", "12.5"],
        header: { type: "document", link: "https://acme.example/A7.pdf", filename: "A7.pdf" },
        buttons: [{ type: "url", value: "A7" }],
        content_sid: SID,
      },
    });
  });

  test("keeps names of variables that have names", () => {
    expect(
      composed({ whatsapp: { template: { ...template, variables: { who: "{{ name }}" } } } }, "whatsapp", { name: "Ada" }),
    ).toEqual({ template: { ...template, variables: { who: "Ada" } } });
  });

  test("is refused with a part that is empty or wrong once it is rendered", () => {
    const of = (more: object) =>
      composed({ whatsapp: { template: { ...template, ...more } } }, "whatsapp", { name: " ", l: "nope!" });
    expect(of({ variables: ["x", "{{ name }}"] })).toBe("whatsapp.template.variables.2 is empty once it is rendered");
    expect(of({ variables: { who: "{{ name }}" } })).toBe("whatsapp.template.variables.who is empty once it is rendered");
    expect(of({ language: "{{ l }}" })).toContain("language");
    expect(of({ header: { type: "image", link: "http://acme.example/x.png" } })).toContain("header.link");
    expect(of({ header: { type: "text", text: "{{ name }}" } })).toContain("header.text");
    expect(of({ buttons: [{ type: "url", value: "{{ name }}" }] })).toContain("buttons[0].value");
  });

  test("carries the files as links beside it, as a text does", () => {
    const file = { filename: "a.pdf", contentType: "application/pdf", sizeBytes: 3, url: "https://carillon.test/files/x" };
    expect(composed({ whatsapp: { text: "Hi" } }, "whatsapp", {}, [file])).toEqual({ text: "Hi", attachments: [file] });
    expect(composed({ whatsapp: { template } }, "whatsapp", {}, [file])).toEqual({ template, attachments: [file] });
  });
});

describe("a template that the provider keeps", () => {
  test("is filled with the send's variables: a mail's with all of them, a text message's with those that are text", () => {
    const variables = { name: "Ada", n: 7, paid: true, items: [{ a: 1 }], none: null };
    const stored = { provider: "ses", id: "order-shipped" };
    expect(composed({ email: { provider_template: stored, from: "a@b.example" } }, "email", variables)).toEqual({
      subject: "",
      from: "a@b.example",
      provider_template: { ...stored, variables },
      attachments: [],
    });
    expect(composed({ sms: { content_sid: SID } }, "sms", variables)).toEqual({
      text: "",
      content: { sid: SID, variables: { name: "Ada", n: "7", paid: "true" } },
    });
  });

  test("of Twilio may name its variables, and have a text for other providers", () => {
    const sms = { content_sid: SID, variables: ["{{ name }}"], text: "Hi {{ name }}" };
    expect(composed({ sms }, "sms", { name: "Ada" })).toEqual({
      text: "Hi Ada",
      content: { sid: SID, variables: { "1": "Ada" } },
    });
    expect(composed({ sms }, "sms", { name: "" })).toContain("sms.variables.1");
  });
});

test("chat has a title and a link, where they are not empty", () => {
  const chat = { text: "{{ t }}", title: "{{ title }}", url: "{{ url }}" };
  expect(composed({ chat }, "chat", { t: "a\r\nb", title: "T\n1", url: "https://x.example/" })).toEqual({
    text: "a\nb",
    title: "T 1",
    url: "https://x.example/",
  });
  expect(composed({ chat }, "chat", { t: "a", title: " ", url: "" })).toEqual({ text: "a" });
});

test("what is wrong with such content is said with its place", () => {
  const flaws = (content: object) => {
    const result = contentShape.safeParse(content);
    return result.success ? [] : flawsOf(result.error).map(({ path }) => path);
  };
  const stored = { provider: "ses", id: "order-shipped" };
  expect(flaws({ whatsapp: {} })).toEqual(["whatsapp.text"]);
  expect(flaws({ whatsapp: { text: "a", template } })).toEqual(["whatsapp.text"]);
  expect(flaws({ whatsapp: { template: { name: "Order Ready", language: "english" } } })).toEqual([
    "whatsapp.template.name",
    "whatsapp.template.language",
  ]);
  expect(flaws({ whatsapp: { template: { ...template, content_sid: "x", header: { type: "gif" } } } })).toEqual([
    "whatsapp.template.header.type",
    "whatsapp.template.content_sid",
  ]);
  expect(flaws({ sms: {} })).toEqual(["sms.text"]);
  expect(flaws({ sms: { text: "a", variables: ["b"] } })).toEqual(["sms.variables"]);
  expect(flaws({ email: {} })).toEqual(["email.subject", "email.html"]);
  expect(flaws({ email: { subject: "s", html: "h", provider_template: stored } })).toEqual(["email.subject", "email.html"]);
  expect(flaws({ email: { provider_template: { provider: "sendgrid", id: "order" } } })).toEqual(["email.provider_template.id"]);
  expect(flaws({ email: { provider_template: { provider: "resend", id: "order" } } })).toEqual([
    "email.provider_template.provider",
  ]);
  expect(flaws({ email: { provider_template: stored }, whatsapp: { template }, sms: { content_sid: SID } })).toEqual([]);
});
