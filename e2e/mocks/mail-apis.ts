/** Small doubles of Mailgun, Postmark and Resend: each checks the sign-in and what a mail must have, and answers in its own words. */
import { createHash, randomUUID } from "node:crypto";
import { resendFlaws } from "../../src/shared/testing/mail-specs.ts";
import { type Call, type Double, type Reply, startDouble, type Verdict } from "./double.ts";

export interface MailMessage {
  /** As it was answered. */
  readonly id: string;
  readonly subject: string;
  /** From the slot that comes back in callbacks. */
  readonly attemptId: string | null;
  /** The form or the JSON as it came. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export type MailDouble = Double<MailMessage, Reply>;
type MailVerdict = Verdict<MailMessage>;

const start = (judge: (call: Call) => Promise<MailVerdict>, port?: number): Promise<MailDouble> =>
  startDouble<MailMessage, Reply>({ judge, failure: (failure) => failure }, port);

export function startMailgunMock(options: { readonly apiKey: string; readonly domain: string; readonly port?: number }) {
  const refused = (status: number, message: string): MailVerdict => ({
    kind: "refused",
    why: message,
    reply: { status, body: { message } },
  });
  return start(async (call) => {
    if (call.headers.authorization !== `Basic ${btoa(`api:${options.apiKey}`)}`) return refused(401, "Forbidden");
    const [, , domain = "", resource] = call.url.pathname.split("/");
    if (call.method !== "POST" || resource !== "messages") return refused(404, "not found");
    if (domain !== options.domain) return refused(404, `Domain not found: ${domain}`);
    const form = await new Response(call.body, { headers: { "content-type": String(call.headers["content-type"]) } }).formData();
    const fields = Object.fromEntries(
      [...form.entries()].map(([name, value]) => [name, typeof value === "string" ? value : "file"]),
    );
    const { from, to, subject = "", text, html } = fields;
    if (!from) return refused(400, "from parameter is missing");
    // Without a recipient it is how a key is proved, and no defect.
    if (!to) return { kind: "other", reply: { status: 400, body: { message: "to parameter is missing" } } };
    if (!isAddress(to)) return refused(400, "to parameter is not a valid address. please check documentation");
    if (!text && !html) return refused(400, "Need at least one of 'text', 'html' parameters specified");
    const id = `<${randomUUID()}@${domain}>`;
    const message = { id, subject, attemptId: fields["v:attempt_id"] ?? null, fields };
    return { kind: "message", to, message, reply: { status: 200, body: { id, message: "Queued. Thank you." } } };
  }, options.port);
}

export function startPostmarkMock(options: { readonly serverToken: string; readonly port?: number }) {
  const refused = (status: number, ErrorCode: number, Message: string): MailVerdict => ({
    kind: "refused",
    why: `${ErrorCode}: ${Message}`,
    reply: { status, body: { ErrorCode, Message } },
  });
  return start(async (call) => {
    if (call.headers["x-postmark-server-token"] !== options.serverToken)
      return refused(401, 10, "Bad or missing Server API token.");
    const operation = `${call.method} ${call.url.pathname}`;
    if (operation === "GET /server") {
      return { kind: "other", reply: { status: 200, body: { ID: 1, Name: "Double", DeliveryType: "Live" } } };
    }
    if (operation !== "POST /email") return refused(404, 0, `there is no ${operation}`);
    const fields = json(call.body);
    if (fields === null) return refused(422, 402, "Received invalid JSON input.");
    const known =
      /^(From|To|Cc|Bcc|Subject|Tag|HtmlBody|TextBody|ReplyTo|Headers|TrackOpens|TrackLinks|Metadata|Attachments|MessageStream)$/;
    const odd = Object.keys(fields).filter((name) => !known.test(name));
    const { To: to, From, Subject: subject } = fields;
    if (typeof From !== "string" || !isAddress(From)) return refused(422, 300, "Invalid 'From' address.");
    if (typeof to !== "string" || !isAddress(to)) return refused(422, 300, `Invalid 'To' address: '${to}'.`);
    if (odd.length > 0) return refused(422, 300, `there is no ${odd.join(", ")}`);
    if (!fields.TextBody && !fields.HtmlBody) return refused(422, 300, "Provide either email TextBody or HtmlBody or both.");
    const metadata = fields.Metadata as Readonly<Record<string, string>> | undefined;
    const long = Object.entries(metadata ?? {}).filter(([name, value]) => name.length > 20 || value.length > 80);
    if (long.length > 0) return refused(422, 300, "Metadata is too long.");
    const id = randomUUID();
    const message = { id, subject: String(subject ?? ""), attemptId: metadata?.attempt_id ?? null, fields };
    const body = { To: to, SubmittedAt: new Date().toISOString(), MessageID: id, ErrorCode: 0, Message: "OK" };
    return { kind: "message", to, message, reply: { status: 200, body } };
  }, options.port);
}

/** It keeps idempotency keys: a repeat is answered as before and sends nothing, another body is refused. */
export function startResendMock(options: { readonly apiKey: string; readonly port?: number }) {
  const kept = new Map<string, { readonly hash: string; readonly id: string }>();
  const refused = (statusCode: number, name: string, message: string): MailVerdict => ({
    kind: "refused",
    why: `${name}: ${message}`,
    reply: { status: statusCode, body: { statusCode, name, message } },
  });
  return start(async (call) => {
    if (call.headers.authorization !== `Bearer ${options.apiKey}`) return refused(403, "invalid_api_key", "API key is invalid");
    const operation = `${call.method} ${call.url.pathname}`;
    if (operation === "GET /domains") return { kind: "other", reply: { status: 200, body: { object: "list", data: [] } } };
    if (operation !== "POST /emails") return refused(404, "not_found", `there is no ${operation}`);
    const fields = json(call.body);
    const flaws = resendFlaws(fields);
    if (fields === null || flaws.length > 0) return refused(422, "validation_error", flaws.join("; "));
    const [to] = [fields.to].flat() as string[];
    if (to === undefined || !isAddress(to)) return refused(422, "validation_error", "Invalid `to` field.");

    const key = String(call.headers["idempotency-key"] ?? "");
    const hash = createHash("sha256").update(call.body).digest("hex");
    const before = key === "" ? undefined : kept.get(key);
    if (before && before.hash !== hash) {
      return refused(409, "invalid_idempotent_request", "This idempotency key was used with another payload.");
    }
    if (before) return { kind: "other", reply: { status: 200, body: { id: before.id } } };
    const id = randomUUID();
    if (key !== "") kept.set(key, { hash, id });
    const tags = (fields.tags ?? []) as readonly { readonly name: string; readonly value: string }[];
    const attemptId = tags.find((tag) => tag.name === "attempt_id")?.value ?? null;
    return {
      kind: "message",
      to,
      message: { id, subject: String(fields.subject), attemptId, fields },
      reply: { status: 200, body: { id } },
    };
  }, options.port);
}

function isAddress(text: string): boolean {
  return /^(?:"(?:[^"\\]|\\.)*" <[^\s<>@,]+@[^\s<>@,]+\.[^\s<>@,]+>|[^\s<>@,]+@[^\s<>@,]+\.[^\s<>@,]+)$/.test(text);
}

function json(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // answered as what it is
  }
}
