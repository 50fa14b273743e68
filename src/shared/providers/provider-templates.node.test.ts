/** Content that a provider fills in by itself, judged by what AWS, SendGrid and Twilio publish of their APIs. */
import { describe, expect, test } from "vitest";
import type { Envelope } from "../core/message.ts";
import { shapeFlaws } from "../testing/aws-shapes.ts";
import { mailSendFlaws } from "../testing/mail-specs.ts";
import { mails } from "../testing/mails.ts";
import { formFlaws } from "../testing/twilio-spec.ts";
import { resend } from "./email/resend.ts";
import { sendgrid } from "./email/sendgrid.ts";
import { sendgridBulk } from "./email/sendgrid-bulk.ts";
import { ses } from "./email/ses.ts";
import { sesBulk } from "./email/ses-bulk.ts";
import { twilio } from "./sms/twilio.ts";
import { contentRefusal } from "./supports.ts";

const context = { now: 0, callbackUrl: null, idempotencyKey: "k", session: null };
const variables = { name: "Ada", items: [{ n: 1 }], evil: '"}, "x": "' };
const SID = `HX${"0123456789abcdef".repeat(2)}`;
const TEMPLATE_ID = `d-${"0123456789abcdef".repeat(2)}`;

const sesAccount = {
  connectionId: "con_1",
  credentials: { access_key_id: "AKIDEXAMPLE", secret_access_key: "secret" },
  settings: { region: "eu-west-1", from: "no-reply@acme.example" },
};
const sendgridAccount = { connectionId: "con_1", credentials: { api_key: "SG.x" }, settings: { from: "no-reply@acme.example" } };
const twilioAccount = {
  connectionId: "con_1",
  credentials: { account_sid: "AC0123456789abcdef0123456789abcdef", auth_token: "token" },
  settings: { from: "+15550001111" },
};

function stored(provider: "ses" | "sendgrid", id: string) {
  const { text: _t, html: _h, ...mail } = mails.rich;
  return { ...mail, subject: "", provider_template: { provider, id, variables } };
}

const base = { attemptId: "att_1", messageId: "msg_1", to: "+447700900123", tags: [] };
const file = { filename: "a.pdf", contentType: "application/pdf", sizeBytes: 3, url: "https://carillon.test/files/x" };
const template = { name: "order_ready", language: "en", variables: ["Ada", "12"], content_sid: SID };
const whatsapp = (content: { text: string } | { template: object }, attachments?: readonly (typeof file)[]) =>
  ({ ...base, channel: "whatsapp", ...content, ...(attachments && { attachments }) }) as Envelope;

async function form(envelope: Envelope): Promise<URLSearchParams> {
  const body = await (await twilio.encode(envelope, twilioAccount, context)).text();
  expect(formFlaws(body)).toEqual([]);
  return new URLSearchParams(body);
}

describe("templates that a provider keeps", () => {
  test("SES: a stored template with the variables as JSON, headers and files beside it", async () => {
    const body = JSON.parse(await (await ses.encode(stored("ses", "order-shipped"), sesAccount, context)).text());
    expect(shapeFlaws("SendEmailRequest", body)).toEqual([]);
    expect(body.Content).toEqual({
      Template: {
        TemplateName: "order-shipped",
        TemplateData: JSON.stringify(variables),
        Headers: expect.any(Array),
        Attachments: [expect.objectContaining({ ContentType: "application/pdf" })],
      },
    });
  });

  test("SES: a template that is not there is the content's fault, and no reason to leave the connection alone", () => {
    const said = (message: string) =>
      ses.decode({
        status: 404,
        headers: new Headers({ "x-amzn-errortype": "NotFoundException" }),
        body: JSON.stringify({ message }),
      });
    expect(said("Template order-shipped does not exist.")).toMatchObject({ outcome: "permanent", code: "NotFoundException" });
    expect(said("Configuration set <events> does not exist.")).toMatchObject({ outcome: "misconfigured" });
  });

  test("SendGrid: a dynamic template with the variables as its data", async () => {
    const body = JSON.parse(await (await sendgrid.encode(stored("sendgrid", TEMPLATE_ID), sendgridAccount, context)).text());
    expect(mailSendFlaws(body)).toEqual([]);
    expect(body).toMatchObject({ template_id: TEMPLATE_ID, personalizations: [{ dynamic_template_data: variables }] });
    expect(body).not.toHaveProperty("subject");
    expect(body).not.toHaveProperty("content");
  });

  test("go alone, never in a call of many", () => {
    expect(sesBulk.key(stored("ses", "x"), sesAccount)).toBeNull();
    expect(sendgridBulk.key(stored("sendgrid", TEMPLATE_ID), sendgridAccount)).toBeNull();
  });

  test("Twilio: a content template in place of a text, for SMS and for WhatsApp", async () => {
    const sms = { ...base, channel: "sms", text: "Hi Ada", content: { sid: SID, variables: { name: "Ada" } } } as const;
    const sent = await form(sms);
    expect([sent.get("ContentSid"), sent.get("ContentVariables"), sent.get("Body")]).toEqual([SID, '{"name":"Ada"}', null]);
    const chat = await form(whatsapp({ template }));
    expect(Object.fromEntries(chat)).toMatchObject({ ContentSid: SID, ContentVariables: '{"1":"Ada","2":"12"}' });
    expect((await form({ ...sms, content: { sid: SID, variables: {} } })).has("ContentVariables")).toBe(false);
  });

  test("Twilio: a text with one file goes to WhatsApp as a link", async () => {
    expect((await form(whatsapp({ text: "Hi" }, [file]))).getAll("MediaUrl")).toEqual([file.url]);
  });
});

describe("content that a provider cannot carry", () => {
  const refusal = (provider: typeof ses, account: Parameters<typeof contentRefusal>[2], envelope: Envelope) =>
    contentRefusal(provider, envelope, account)?.code ?? null;

  test("is refused before anything is asked: a template of another provider", () => {
    expect(refusal(ses, sesAccount, stored("ses", "x"))).toBeNull();
    expect(refusal(ses, sesAccount, stored("sendgrid", TEMPLATE_ID))).toBe("unsupported_content");
    expect(refusal(sendgrid, sendgridAccount, stored("sendgrid", TEMPLATE_ID))).toBeNull();
    expect(refusal(sendgrid, sendgridAccount, stored("ses", "x"))).toBe("unsupported_content");
    expect(refusal(resend, sendgridAccount, stored("ses", "x"))).toBe("unsupported_content");
    for (const [provider, account] of [
      [ses, sesAccount],
      [sendgrid, sendgridAccount],
      [resend, sendgridAccount],
    ] as const) {
      expect(refusal(provider, account, mails.rich)).toBeNull();
    }
  });

  test("is refused: more variables than SES takes", () => {
    const much = {
      ...stored("ses", "x"),
      provider_template: { provider: "ses", id: "x", variables: { a: "x".repeat(262_144) } },
    };
    expect(refusal(ses, sesAccount, much)).toBe("too_long");
  });

  test("is refused: what Twilio knows no place for", () => {
    const of = (envelope: Envelope) => refusal(twilio, twilioAccount, envelope);
    expect(of(whatsapp({ template }))).toBeNull();
    expect(of(whatsapp({ text: "Hi" }, [file]))).toBeNull();
    const { content_sid: _, ...metaOnly } = template;
    for (const not of [
      whatsapp({ template: metaOnly }),
      whatsapp({ template }, [file]),
      whatsapp({ template: { ...template, buttons: [{ type: "url", value: "x" }] } }),
      whatsapp({ template: { ...template, header: { type: "text", text: "x" } } }),
      whatsapp({ text: "Hi" }, [file, file]),
      whatsapp({ text: "Hi" }, [{ ...file, url: "/files/x" }]),
    ]) {
      expect(of(not)).toBe("unsupported_content");
    }
  });
});
