/** Meta's OpenAPI document as judge of what we send. */
import { describe, expect, test } from "vitest";
import type { Envelope, LinkedFile } from "../../core/message.ts";
import { messageFlaws } from "../../testing/whatsapp-spec.ts";
import { meta } from "./meta.ts";

const account = { connectionId: "con_1", credentials: { access_token: "t" }, settings: { phone_number_id: "106540352242922" } };
const base = { attemptId: "att_01M7WXHTZH0000004NNR5APDB90001", messageId: "msg_1", to: "+447700900123", tags: [] };
const file: LinkedFile = { filename: "a.pdf", contentType: "application/pdf", sizeBytes: 9, url: "https://c.test/files/x" };
const template = {
  name: "order_ready",
  language: "en_US",
  variables: { who: "Ada" },
  header: { type: "image", link: "https://c.test/x.png" },
  buttons: [
    { type: "url", value: "a7" },
    { type: "copy_code", value: "SAVE20" },
    { type: "quick_reply", value: "x", index: 9 },
  ],
} as const;

const cases: Readonly<Record<string, Partial<Envelope>>> = {
  "a text": { text: "Grüße 📦" },
  "a document": { text: "Hi", attachments: [file] },
  "an image": { text: "Hi", attachments: [{ ...file, contentType: "image/jpeg" }] },
  "a video": { text: "Hi", attachments: [{ ...file, contentType: "video/mp4" }] },
  "a template": { template },
  "a bare template": { template: { name: "hello_world", language: "en" } },
  "a template with a file": { template: { name: "invoice", language: "de", variables: ["1"] }, attachments: [file] },
};

describe("meta, judged by Meta's own document", () => {
  test.each(Object.entries(cases))("sends what it takes: %s", async (_, content) => {
    const envelope = { ...base, channel: "whatsapp", ...content } as Envelope;
    const context = { now: 0, callbackUrl: null, idempotencyKey: "k", session: null };
    const request = await meta.encode(envelope, account, context);
    expect(messageFlaws(JSON.parse(await request.text()))).toEqual([]);
  });

  test("is judged by a document that finds flaws", () => {
    const message = { messaging_product: "whatsapp", to: "1", type: "text", text: { body: "x" } };
    expect(messageFlaws(message)).toEqual([]);
    expect(messageFlaws({ ...message, text: { body: "x", odd: 1 } })).toHaveLength(1);
    expect(messageFlaws({ ...message, odd: 1 })).toEqual(["/odd: there is no such field"]);
    expect(messageFlaws({ ...message, type: "template", text: undefined, template: { name: "x" } })).not.toEqual([]);
    expect(messageFlaws({ ...message, type: "gif" })).toHaveLength(1);
    expect(messageFlaws({ ...message, biz_opaque_callback_data: "x".repeat(513) })).toHaveLength(1);
  });
});
