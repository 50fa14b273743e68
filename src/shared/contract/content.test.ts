import { describe, expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { Content } from "../core/message.ts";
import { contentShape, MAX_CONTENT_BYTES } from "./content.ts";

const messages = (value: unknown) => contentShape.safeParse(value).error?.issues.map((i) => `${i.path.join(".")}: ${i.message}`);

describe("contentShape", () => {
  it("is the Content of the domain", () => {
    expectTypeOf<z.output<typeof contentShape>>().toExtend<Content>();
    const content = { email: { subject: "Hi", html: "<p>{{ name }}</p>" }, sms: { text: "Hi" } };
    expect(contentShape.parse(content)).toEqual(content);
  });

  it("wants at least one channel, and for an email a body", () => {
    expect(messages({})).toEqual([": Content needs a part for at least one channel."]);
    expect(messages({ email: { subject: "Hi" } })).toEqual(["email.html: An email needs `html` or `text`."]);
  });

  it("refuses line breaks in what becomes a header", () => {
    for (const field of ["subject", "from", "reply_to"]) {
      expect(messages({ email: { subject: "s", text: "t", [field]: "a\r\nBcc: x@y.example" } })).toHaveLength(1);
    }
    expect(messages({ email: { subject: "s", text: "t", headers: { "X-A": "a\nb" } } })).toHaveLength(1);
    expect(messages({ email: { subject: "s", text: "t", headers: { "X-A\r\nBcc": "b" } } })).toHaveLength(1);
  });

  it("does not let a template forge the platform's headers", () => {
    for (const name of ["From", "bcc", "Content-Type", "DKIM-Signature", "message-id"]) {
      expect(messages({ email: { subject: "s", text: "t", headers: { [name]: "x" } } }), name).toHaveLength(1);
    }
  });

  it("counts bytes, not characters, and all fields together", () => {
    const half = "ä".repeat(MAX_CONTENT_BYTES / 4);
    expect(messages({ email: { subject: "s", html: half } })).toBeUndefined();
    expect(messages({ email: { subject: "s", html: half, text: half } })).toHaveLength(1);
  });

  it("refuses fields that do not exist", () => {
    expect(messages({ email: { subject: "s", text: "t", body: "x" } })).toHaveLength(1);
    expect(messages({ fax: { text: "t" } })).not.toBeUndefined();
  });
});
