/** AWS's own client and signer, and the shapes it is generated from, as judges of what we send. */
import { SESv2Client, SendEmailCommand, type SendEmailCommandInput } from "@aws-sdk/client-sesv2";
import { describe, expect, test } from "vitest";
import type { Envelope } from "../../core/message.ts";
import { shapeFlaws } from "../../testing/aws-shapes.ts";
import { bulkBody, manyMails } from "../../testing/bulk.ts";
import { smithyAuthorization } from "../../testing/smithy.ts";
import { mailbox } from "./lines.ts";
import { ses } from "./ses.ts";
import { sesBulk } from "./ses-bulk.ts";

const now = Date.UTC(2026, 10, 20, 12, 30, 5);
const credentials = { access_key_id: "AKIDEXAMPLE", secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const settings = { region: "eu-west-1", from: "Acme <no-reply@acme.example>", configuration_set: "events" };
const account = { connectionId: "con_1", credentials, settings };
const signingAccount = {
  accessKeyId: credentials.access_key_id,
  secretAccessKey: credentials.secret_access_key,
  region: settings.region,
  service: "ses",
};

const plain: Envelope = {
  attemptId: "att_01M7WXHTZH0000004NNR5APDB90001",
  messageId: "msg_01M7WXHTZH0000004NNR5APDB9",
  to: "ada@customer.example",
  tags: [],
  channel: "email",
  subject: "Hello",
  text: "Hi Ada",
  attachments: [],
};

const rich: Envelope = {
  ...plain,
  tags: ["orders", "größe: XL"],
  subject: "Ihre Bestellung 📦 ist unterwegs",
  html: "<p>Grüße</p>",
  from: 'Müller & "Söhne" <no-reply@müller.example>',
  reply_to: "Hilfe <help@acme.example>",
  cc: ["cc@acme.example"],
  bcc: ["Bcc <bcc@acme.example>"],
  headers: {
    "List-Unsubscribe": "<https://c.test/u>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "X-Note": "ünïcode ".repeat(20),
  },
  attachments: [{ filename: "Rechnung Größe.pdf", contentType: "application/pdf", contentBase64: btoa("%PDF-1.7") }],
};

/** The same in the words of AWS's client, written by hand. */
const richInput: SendEmailCommandInput = {
  FromEmailAddress: mailbox('Müller & "Söhne" <no-reply@müller.example>'),
  Destination: {
    ToAddresses: ["ada@customer.example"],
    CcAddresses: ["cc@acme.example"],
    BccAddresses: ['"Bcc" <bcc@acme.example>'],
  },
  ReplyToAddresses: ['"Hilfe" <help@acme.example>'],
  Content: {
    Simple: {
      Subject: { Data: "Ihre Bestellung 📦 ist unterwegs", Charset: "UTF-8" },
      Body: { Text: { Data: "Hi Ada", Charset: "UTF-8" }, Html: { Data: "<p>Grüße</p>", Charset: "UTF-8" } },
      Headers: [
        { Name: "List-Unsubscribe", Value: "<https://c.test/u>" },
        { Name: "List-Unsubscribe-Post", Value: "List-Unsubscribe=One-Click" },
        { Name: "X-Note", Value: expect.stringMatching(/^(=\?UTF-8\?B\?[A-Za-z0-9+/=]{1,60}\?= ?)+$/) as unknown as string },
      ],
      Attachments: [
        {
          FileName: "Rechnung Größe.pdf",
          ContentType: "application/pdf",
          ContentDisposition: "ATTACHMENT",
          ContentTransferEncoding: "BASE64",
          RawContent: new TextEncoder().encode("%PDF-1.7"),
        },
      ],
    },
  },
  EmailTags: [
    { Name: "attempt_id", Value: plain.attemptId },
    { Name: "message_id", Value: plain.messageId },
    { Name: "tag_1", Value: "orders" },
    { Name: "tag_2", Value: "gr__e__XL" },
  ],
  ConfigurationSetName: "events",
};

interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly hostname: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What AWS's client would put on the wire. */
async function awsClient(input: SendEmailCommandInput): Promise<WireRequest> {
  let captured: unknown;
  const client = new SESv2Client({
    region: settings.region,
    credentials: { accessKeyId: credentials.access_key_id, secretAccessKey: credentials.secret_access_key },
    requestHandler: {
      handle: async (request: unknown) => {
        captured = request;
        throw new Error("captured");
      },
    },
    maxAttempts: 1,
  });
  await expect(client.send(new SendEmailCommand(input))).rejects.toThrow("captured");
  return captured as WireRequest;
}

const bodyOf = async (request: Request) =>
  JSON.parse(await request.text()) as { Content: { Simple: { Headers?: { Value: string }[] } } };

describe("ses, judged by AWS's own client", () => {
  test("sends the body that the client would serialise", async () => {
    const ours = await bodyOf(await ses.encode(rich, account, { now, callbackUrl: null, idempotencyKey: "k", session: null }));
    // The one value that is ours to choose: how the non-ASCII header is folded into words.
    const note = ours.Content.Simple.Headers?.[2]?.Value ?? "";
    const theirs = await awsClient(withNote(note));
    expect(ours).toEqual(JSON.parse(theirs.body));
    expect(ours).toMatchObject({ Content: { Simple: { Headers: richInput.Content?.Simple?.Headers } } });
  });

  test("sends it to the host, path and with the content type of the client", async () => {
    const ours = await ses.encode(plain, account, { now, callbackUrl: null, idempotencyKey: "k", session: null });
    const theirs = await awsClient(withNote("x"));
    const url = new URL(ours.url);
    expect([ours.method, url.hostname, url.pathname]).toEqual([theirs.method, theirs.hostname, theirs.path]);
    expect(ours.headers.get("content-type")).toBe(theirs.headers["content-type"]);
  });

  test.each([
    ["a plain mail", plain, account],
    ["a rich mail", rich, account],
    ["a session token", plain, { ...account, credentials: { ...credentials, session_token: "FwoGZXIvYXdzE//8=" } }],
    ["another endpoint", plain, { ...account, settings: { ...settings, endpoint: "http://127.0.0.1:4566/aws/" } }],
  ])("signs %s as AWS's signer does", async (_, envelope, given) => {
    const request = await ses.encode(envelope, given, { now, callbackUrl: null, idempotencyKey: "k", session: null });
    const { host, href } = new URL(request.url);
    const authorization = request.headers.get("authorization") ?? "";
    const { authorization: _own, ...headers } = Object.fromEntries(request.headers);
    const parts = { method: request.method, url: new URL(href), headers: { ...headers, host }, body: await request.text() };
    expect(parse(authorization)).toEqual(parse(await smithyAuthorization(parts, signingAccount, new Date(now))));
  });

  test("signs the probe as AWS's signer does", async () => {
    const request = await ses.probe.encode(account, { now, session: null });
    const url = new URL(request.url);
    expect(url.pathname).toBe("/v2/email/account");
    const headers = { host: url.host, "x-amz-date": request.headers.get("x-amz-date") ?? "" };
    const expected = await smithyAuthorization({ method: "GET", url, headers, body: "" }, signingAccount, new Date(now));
    expect(parse(request.headers.get("authorization") ?? "")).toEqual(parse(expected));
  });

  test.each([
    ["plain", plain],
    ["rich", rich],
    ["without text", { ...plain, text: undefined, html: "<p>x</p>" }],
    [
      "with a long type, a long name and an odd tag",
      {
        ...plain,
        tags: ["", "x".repeat(300)],
        attachments: [{ filename: "n".repeat(300), contentType: `text/plain; charset=${"x".repeat(90)}`, contentBase64: "" }],
      },
    ],
    ["with an empty header", { ...plain, headers: { "X-Empty": " ", "X-Fine": "1" } }],
  ] satisfies [string, Envelope][])("fits the published shapes: %s", async (_, envelope) => {
    const body = await bodyOf(
      await ses.encode(envelope, account, { now, callbackUrl: null, idempotencyKey: "k", session: null }),
    );
    expect(shapeFlaws("SendEmailRequest", body)).toEqual([]);
  });

  test("fits the published shapes: fifty mails in one call, signed as AWS's signer does", async () => {
    const mails = manyMails(50, { headers: { "List-Unsubscribe": "<https://c.test/u>" }, reply_to: "Hilfe <help@acme.example>" });
    expect(shapeFlaws("SendBulkEmailRequest", await bulkBody(sesBulk, mails, account))).toEqual([]);
    const request = await sesBulk.encode(mails, account, { now, callbackUrl: null, idempotencyKey: "k", session: null });
    const url = new URL(request.url);
    expect(url.pathname).toBe("/v2/email/outbound-bulk-emails");
    const { authorization = "", ...headers } = Object.fromEntries(request.headers);
    const parts = { method: "POST", url, headers: { ...headers, host: url.host }, body: await request.text() };
    expect(parse(authorization)).toEqual(parse(await smithyAuthorization(parts, signingAccount, new Date(now))));
  });
});

function withNote(note: string): SendEmailCommandInput {
  const copy = structuredClone({ ...richInput, Content: { Simple: { ...richInput.Content?.Simple, Headers: [] } } });
  const [one, two] = richInput.Content?.Simple?.Headers ?? [];
  if (!one || !two) throw new Error("the input has three headers");
  return {
    ...copy,
    Content: { Simple: { ...copy.Content.Simple, Headers: [one, two, { Name: "X-Note", Value: note }] } },
  } as SendEmailCommandInput;
}

function parse(authorization: string): Record<string, string | undefined> {
  const parts = /^AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(authorization);
  if (!parts) throw new Error(`not an Authorization header of AWS: ${authorization}`);
  return { credential: parts[1], signedHeaders: parts[2], signature: parts[3] };
}
