/**
 * A double of SendGrid's Mail Send: checks the key, and the body against SendGrid's OpenAPI document and its rules. It
 * signs events as SendGrid does, under a key pair of its own.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { mailSendFlaws } from "../../src/shared/testing/mail-specs.ts";
import { type Call, type Double, type Reply, startDouble, type Verdict } from "./double.ts";

export interface SendGridMockOptions {
  readonly apiKey: string;
  readonly port?: number;
}

export interface SendGridMessage {
  /** What was answered as X-Message-Id. */
  readonly id: string;
  readonly subject: string;
  readonly customArgs: Readonly<Record<string, string>>;
  readonly body: MailSendRequest;
}

interface Address {
  readonly email: string;
  readonly name?: string;
}

export interface MailSendRequest {
  readonly personalizations: readonly {
    readonly to: readonly Address[];
    readonly cc?: readonly Address[];
    readonly bcc?: readonly Address[];
    readonly subject?: string;
    readonly custom_args?: Readonly<Record<string, string>>;
  }[];
  readonly from: Address;
  readonly subject?: string;
  readonly content?: readonly { readonly type: string; readonly value: string }[];
  readonly custom_args?: Readonly<Record<string, string>>;
}

/** The rows of the published error table that Mail Send can answer with. */
export const SENDGRID_FAILURES = {
  bad_request: [400, "The subject is required.", "subject"],
  bad_recipient: [400, "Does not contain a valid address.", "personalizations.0.to.0.email"],
  unauthorized: [401, "The provided authorization grant is invalid, expired, or revoked", null],
  no_credits: [401, "Maximum credits exceeded", null],
  forbidden: [403, "The from address does not match a verified Sender Identity.", "from"],
  not_found: [404, "not found", null],
  too_large: [413, "The JSON payload you have included in your request is too large.", null],
  too_many_requests: [429, "too many requests", null],
  internal: [500, "An error occurred on a SendGrid server.", null],
  unavailable: [503, "The SendGrid v3 Web API is not available.", null],
} as const satisfies Record<string, readonly [number, string, string | null]>;

export type SendGridFailure = keyof typeof SENDGRID_FAILURES | Reply;

export interface SendGridMock extends Double<SendGridMessage, SendGridFailure> {
  /** For a connection's `verification.public_key`. */
  readonly publicKey: string;
  /** Events as they would be posted now. */
  signed(events: readonly object[]): { readonly headers: Readonly<Record<string, string>>; readonly body: string };
}

export async function startSendGridMock(options: SendGridMockOptions): Promise<SendGridMock> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const double = await startDouble<SendGridMessage, SendGridFailure>(
    {
      judge: async (call) => judge(call, options),
      failure: (failure) => (typeof failure === "string" ? row(failure) : failure),
    },
    options.port,
  );
  return {
    ...double,
    publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    signed(events) {
      const timestamp = String(Math.floor(Date.now() / 1000));
      const body = `${JSON.stringify(events)}\r\n`;
      return {
        headers: {
          "content-type": "application/json",
          "x-twilio-email-event-webhook-timestamp": timestamp,
          "x-twilio-email-event-webhook-signature": sign("sha256", Buffer.from(timestamp + body), privateKey).toString("base64"),
        },
        body,
      };
    },
  };
}

function judge(call: Call, { apiKey }: SendGridMockOptions): Verdict<SendGridMessage> {
  if (call.headers.authorization !== `Bearer ${apiKey}`) return refused(...SENDGRID_FAILURES.unauthorized);
  switch (`${call.method} ${call.url.pathname}`) {
    case "GET /v3/scopes":
      return { kind: "other", reply: { status: 200, body: { scopes: ["mail.send", "sender_verification_eligible"] } } };
    case "POST /v3/mail/send":
      return mail(call);
    default:
      return refused(404, `there is no ${call.method} ${call.url.pathname}`, null);
  }
}

function mail(call: Call): Verdict<SendGridMessage> {
  if (call.headers["content-type"] !== "application/json") return refused(415, "the body must be JSON", null);
  const body = parsed(call.body);
  const flaws = [...mailSendFlaws(body), ...(body === null ? [] : ruleFlaws(body))];
  const [first] = body?.personalizations ?? [];
  const to = first?.to[0]?.email;
  if (body === null || first === undefined || to === undefined || flaws.length > 0) return refused(400, flaws.join("; "), null);

  const id = randomBytes(16).toString("base64url");
  const customArgs = { ...body.custom_args, ...first.custom_args };
  const message = { id, subject: first.subject ?? body.subject ?? "", customArgs, body };
  return { kind: "message", to, message, reply: { status: 202, headers: { "x-message-id": id }, body: "" } };
}

/** Headers that SendGrid writes itself. */
const RESERVED =
  /^(x-sg-id|x-sg-eid|received|dkim-signature|content-type|content-transfer-encoding|to|from|subject|reply-to|cc|bcc)$/i;

/** What SendGrid demands beyond its document: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors */
function ruleFlaws(body: MailSendRequest & { readonly headers?: object }): string[] {
  const flaws: string[] = [];
  for (const { to = [], cc = [], bcc = [], subject } of body.personalizations ?? []) {
    const emails = [...to, ...cc, ...bcc].map(({ email }) => email.toLowerCase());
    if (to.length === 0) flaws.push("the to array is required");
    if (new Set(emails).size < emails.length) flaws.push("an address stands more than once among to, cc and bcc");
    if (!subject && !body.subject) flaws.push("the subject is required");
  }
  const types = (body.content ?? []).map(({ type }) => type);
  if (types.length === 0) flaws.push("content is required without a template");
  if (types.indexOf("text/plain") > 0) flaws.push("text/plain must be first");
  for (const name of Object.keys(body.headers ?? {})) if (RESERVED.test(name)) flaws.push(`the header ${name} is reserved`);
  if (JSON.stringify(body.custom_args ?? {}).length > 10_000) flaws.push("custom_args are too large");
  return flaws;
}

function parsed(body: string): MailSendRequest | null {
  try {
    return JSON.parse(body) as MailSendRequest; // mailSendFlaws says whether it is one
  } catch {
    return null; // mailSendFlaws names it
  }
}

function row(name: keyof typeof SENDGRID_FAILURES): Reply {
  const [status, message, field] = SENDGRID_FAILURES[name];
  return error(status, message, field);
}

function error(status: number, message: string, field: string | null): Reply {
  const reset = {
    "x-ratelimit-limit": "600",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": String(Math.floor(Date.now() / 1000) + 2),
  };
  return { status, ...(status === 429 ? { headers: reset } : {}), body: { errors: [{ message, field, help: null }] } };
}

function refused(status: number, why: string, field: string | null): Verdict<SendGridMessage> {
  return { kind: "refused", why, reply: error(status, why, field) };
}
