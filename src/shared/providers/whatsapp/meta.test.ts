import { describe, expect, test } from "vitest";
import type { Envelope, LinkedFile, WhatsAppTemplate } from "../../core/message.ts";
import { answer, CONTEXT, describeProvider } from "../../testing/describe-provider.ts";
import { textsByPlace } from "../../testing/places.ts";
import errors from "../../testing/specs/chat-errors.json";
import { contentRefusal } from "../supports.ts";
import { meta } from "./meta.ts";

const credentials = { access_token: "EAAG-the-token-of-a-system-user" };
const settings = { phone_number_id: "106540352242922" };

const error = (status: number, code: number, more: object = {}) =>
  answer(status, {
    error: {
      message: "why",
      type: "OAuthException",
      code,
      error_data: { messaging_product: "whatsapp", details: "more" },
      ...more,
    },
  });

/** `131008|131009`, and `200-299`. */
function codesOf(match: string): number[] {
  return match.split("|").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return first === last ? [first] : [first, first + 50, last];
  });
}

const table = errors.whatsapp_cloud;

describeProvider({
  provider: meta,
  channel: "whatsapp",
  account: { credentials, settings },
  open: [],
  origin: "https://graph.facebook.com",
  fields: (sent) => textsByPlace(JSON.parse(sent.body)),
  isLine: (place) => place !== ".text.body",
  attemptIdOf: (sent) => (JSON.parse(sent.body) as { biz_opaque_callback_data: string }).biz_opaque_callback_data,
  textsOf: (sent) => [(JSON.parse(sent.body) as { text: { body: string } }).text.body],
  success: answer(200, {
    messaging_product: "whatsapp",
    contacts: [{ input: "+447700900123", wa_id: "447700900123" }],
    messages: [{ id: "wamid.HBgL", message_status: "accepted" }],
  }),
  table,
  // Statuses vary, and say nothing that the code does not.
  answers: Object.fromEntries(
    table.rows.map(({ match }) => [
      match,
      codesOf(match).flatMap((code) => [400, 401, 403, 500].map((status) => error(status, code))),
    ]),
  ),
  elsewhere: {},
  // The table itself says that this trips the template, and not the provider.
  otherwise: { "132000|132001|132005|132007|132012|132015|132016": "permanent" },
});

const base = { attemptId: "att_1", messageId: "msg_1", to: "+447700900123", tags: [] };
const pdf: LinkedFile = {
  filename: "Rechnung.pdf",
  contentType: "application/pdf",
  sizeBytes: 99,
  url: "https://c.test/files/x",
};
const png: LinkedFile = { ...pdf, filename: "a.png", contentType: "image/png" };
const account = { connectionId: "con_1", credentials, settings };

async function sent(content: { text: string } | { template: WhatsAppTemplate }, attachments: readonly LinkedFile[] = []) {
  const envelope = { ...base, channel: "whatsapp", ...content, attachments } as Envelope;
  expect(contentRefusal(meta, envelope, account)).toBeNull();
  return JSON.parse(await (await meta.encode(envelope, account, CONTEXT)).text());
}

describe("meta", () => {
  test("sends an approved template with header, text and buttons", async () => {
    const template: WhatsAppTemplate = {
      name: "order_ready",
      language: "en_US",
      variables: ["Ada", "12"],
      header: { type: "text", text: "A7" },
      buttons: [
        { type: "url", value: "a7" },
        { type: "quick_reply", value: "STOP-7" },
        { type: "copy_code", value: "SAVE20", index: 4 },
      ],
    };
    expect(await sent({ template })).toMatchObject({
      messaging_product: "whatsapp",
      to: "+447700900123",
      type: "template",
      template: {
        name: "order_ready",
        language: { code: "en_US" },
        components: [
          { type: "header", parameters: [{ type: "text", text: "A7" }] },
          {
            type: "body",
            parameters: [
              { type: "text", text: "Ada" },
              { type: "text", text: "12" },
            ],
          },
          { type: "button", sub_type: "url", index: "0", parameters: [{ type: "text", text: "a7" }] },
          { type: "button", sub_type: "quick_reply", index: "1", parameters: [{ type: "payload", payload: "STOP-7" }] },
          { type: "button", sub_type: "copy_code", index: "4", parameters: [{ type: "coupon_code", coupon_code: "SAVE20" }] },
        ],
      },
    });
  });

  test("names variables that have names, and counts those that have numbers", async () => {
    const body = async (variables: Record<string, string>) =>
      (await sent({ template: { name: "t", language: "en", variables } })).template.components[0].parameters;
    expect(await body({ who: "Ada" })).toEqual([{ type: "text", parameter_name: "who", text: "Ada" }]);
    expect(await body({ "2": "b", "1": "a" })).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ]);
    expect((await sent({ template: { name: "t", language: "en" } })).template).toEqual({ name: "t", language: { code: "en" } });
  });

  test("sends a file by its link, with the text under it; as what WhatsApp shows, where it shows it", async () => {
    expect(await sent({ text: "Hi" }, [pdf])).toMatchObject({
      type: "document",
      document: { link: pdf.url, caption: "Hi", filename: "Rechnung.pdf" },
    });
    expect(await sent({ text: "Hi" }, [png])).toMatchObject({ type: "image", image: { link: png.url, caption: "Hi" } });
    expect(await sent({ text: "Hi" }, [{ ...png, sizeBytes: 6e6 }])).toMatchObject({ type: "document" });
    expect(await sent({ text: "Hi" }, [{ ...pdf, contentType: "video/mp4" }])).toMatchObject({ type: "video" });
    expect((await sent({ template: { name: "t", language: "en" } }, [pdf])).template.components).toEqual([
      { type: "header", parameters: [{ type: "document", document: { link: pdf.url, filename: "Rechnung.pdf" } }] },
    ]);
  });

  test("refuses content that WhatsApp has no place for, and texts that are too long", () => {
    const code = (envelope: object) =>
      contentRefusal(meta, { ...base, channel: "whatsapp", ...envelope } as unknown as Envelope, account)?.code ?? null;
    expect(code({ text: "x".repeat(4096) })).toBeNull();
    expect(code({ text: "x".repeat(4097) })).toBe("too_long");
    expect(code({ text: "x".repeat(1025), attachments: [pdf] })).toBe("too_long");
    expect(code({ text: "x", attachments: [pdf, pdf] })).toBe("unsupported_content");
    expect(code({ text: "x", attachments: [{ ...pdf, url: "/files/x" }] })).toBe("unsupported_content");
    const template = { name: "t", language: "en", header: { type: "text", text: "x" } };
    expect(code({ template, attachments: [pdf] })).toBe("unsupported_content");
  });

  test("waits as long as a limit asks, and says what Meta says", () => {
    expect(meta.decode(error(400, 131056))).toMatchObject({ outcome: "throttled", retryAfterMs: 6000 });
    expect(meta.decode(error(400, 80007))).toMatchObject({ outcome: "throttled", retryAfterMs: 60_000 });
    expect(meta.decode(error(400, 131047))).toMatchObject({ outcome: "permanent", code: "131047", reason: "why more" });
  });

  test("goes by the status where the code is new", () => {
    expect(meta.decode(error(400, 139999))).toMatchObject({ outcome: "permanent", code: "139999" });
    expect(meta.decode(error(400, 139999, { is_transient: true }))).toMatchObject({ outcome: "transient" });
    expect(meta.decode(error(500, 139999))).toMatchObject({ outcome: "unknown" });
    expect(meta.decode(answer(429, ""))).toMatchObject({ outcome: "throttled" });
  });

  test("probes the number, and says whose it is", () => {
    const body = { id: "1", display_phone_number: "+1 555-0100", verified_name: "Acme", quality_rating: "GREEN" };
    expect(meta.probe.decode(answer(200, body))).toEqual({
      ok: true,
      detail: "Messages come from Acme, +1 555-0100; quality GREEN.",
    });
    expect(meta.probe.decode(error(401, 190))).toMatchObject({ ok: false, code: "190" });
  });
});
