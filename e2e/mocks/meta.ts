/**
 * A double of WhatsApp's Cloud API: checks the token, the number and the message's shape by Meta's own document, and signs
 * statuses as Meta does.
 */
import { createHmac, randomUUID } from "node:crypto";
import { messageFlaws } from "../../src/shared/testing/whatsapp-spec.ts";
import { type Call, type Double, type Received, type Reply, startDouble, type Verdict } from "./double.ts";

export interface MetaMockOptions {
  readonly accessToken: string;
  readonly phoneNumberId: string;
  /** Approved templates: name → its languages. Any is approved unless set. */
  readonly templates?: Readonly<Record<string, readonly string[]>>;
  readonly port?: number;
}

export interface MetaMessage {
  /** As it was answered: `wamid.…`. */
  readonly id: string;
  readonly type: string;
  readonly attemptId: string | null;
  /** The whole message as it came. */
  readonly message: Readonly<Record<string, unknown>>;
}

/** Status and code, as the published table has them. */
export const META_FAILURES = {
  window_closed: [400, 131047, "Re-engagement message"],
  opted_out: [400, 131050, "User has stopped marketing messages"],
  undeliverable: [400, 131026, "Message undeliverable"],
  not_now: [400, 131049, "This message was not delivered to maintain healthy ecosystem engagement."],
  rate_limited: [429, 130429, "Rate limit hit"],
  pair_limited: [400, 131056, "(Business Account, Consumer Account) pair rate limit hit"],
  expired_token: [401, 190, "Access token has expired"],
  blocked: [403, 368, "Temporarily blocked for policies violations"],
  template_missing: [404, 132001, "Template name does not exist in the translation"],
  parameters: [400, 132000, "Number of parameters does not match the expected number of params"],
  overloaded: [503, 131016, "Service unavailable"],
  broken: [500, 131000, "Something went wrong"],
} as const satisfies Record<string, readonly [number, number, string]>;

export type MetaFailure = keyof typeof META_FAILURES | Reply;
export type MetaDouble = Double<MetaMessage, MetaFailure>;

export function startMetaMock(options: MetaMockOptions): Promise<MetaDouble> {
  return startDouble<MetaMessage, MetaFailure>(
    {
      judge: async (call) => judge(call, options),
      failure: (failure) => (typeof failure === "string" ? row(failure) : failure),
    },
    options.port,
  );
}

function judge(call: Call, options: MetaMockOptions): Verdict<MetaMessage> {
  if (call.headers.authorization !== `Bearer ${options.accessToken}`) return refused(401, 190, "Invalid OAuth access token.");
  const [, version, number, resource] = call.url.pathname.split("/");
  if (version !== "v23.0" || number !== options.phoneNumberId) {
    return refused(400, 33, `Object with ID '${number}' does not exist in ${version}`);
  }
  if (call.method === "GET" && resource === undefined) {
    const body = { id: number, display_phone_number: "+1 555-0100", verified_name: "Acme", quality_rating: "GREEN" };
    return { kind: "other", reply: { status: 200, body } };
  }
  if (call.method !== "POST" || resource !== "messages")
    return refused(400, 100, `Unsupported ${call.method} ${call.url.pathname}`);
  const message = parsed(call.body);
  const flaws = message === null ? ["no JSON"] : [...messageFlaws(message), ...ruleFlaws(message)];
  if (message === null || flaws.length > 0) return refused(400, 100, flaws.join("; "));
  const template = message.template as Template | undefined;
  const approved = options.templates;
  if (template && approved && !approved[template.name]?.includes(template.language.code)) {
    // Not a defect of whoever calls: a template may be paused at any time.
    return { kind: "other", reply: row("template_missing") };
  }
  const to = String(message.to);
  const id = `wamid.${randomUUID()}`;
  const attemptId = typeof message.biz_opaque_callback_data === "string" ? message.biz_opaque_callback_data : null;
  return {
    kind: "message",
    to,
    message: { id, type: String(message.type), attemptId, message },
    reply: {
      status: 200,
      body: {
        messaging_product: "whatsapp",
        contacts: [{ input: to, wa_id: to.replace("+", "") }],
        messages: [{ id, message_status: "accepted" }],
      },
    },
  };
}

interface Template {
  readonly name: string;
  readonly language: { readonly code: string };
  readonly components?: readonly { readonly type: string; readonly parameters?: readonly { readonly text?: string }[] }[];
}

/** What Meta demands beyond the document. */
function ruleFlaws(message: Readonly<Record<string, unknown>>): string[] {
  const flaws: string[] = [];
  if (message.messaging_product !== "whatsapp") flaws.push("messaging_product is whatsapp");
  if (!/^\+?\d{5,20}$/.test(String(message.to))) flaws.push("to is no phone number");
  const text = message.text as { readonly body?: string } | undefined;
  if (text && !text.body) flaws.push("text.body is required");
  if ((text?.body?.length ?? 0) > 4096) flaws.push("text.body is too long");
  for (const component of (message.template as Template | undefined)?.components ?? []) {
    for (const { text: value } of component.parameters ?? []) {
      if (value === "") flaws.push("a parameter has no text");
      if (/[\n\t]| {5,}/.test(value ?? "")) flaws.push("a parameter has a line break, a tab or too many spaces");
    }
  }
  return flaws;
}

/** A status as Meta posts it: escaped beyond ASCII, and signed over those bytes. `code` with `failed`. */
export function signedStatus(
  { id, to, attemptId }: Received<MetaMessage>,
  status: "sent" | "delivered" | "read" | "failed",
  {
    appSecret,
    phoneNumberId,
    code = 131026,
  }: { readonly appSecret: string; readonly phoneNumberId: string; readonly code?: number },
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const entry = {
    id,
    status,
    timestamp: String(Math.floor(Date.now() / 1000)),
    recipient_id: to.replace("+", ""),
    ...(attemptId === null ? {} : { biz_opaque_callback_data: attemptId }),
    ...(status === "failed" ? { errors: [{ code, title: "…", message: "…", error_data: { details: "…" } }] } : {}),
  };
  const metadata = { display_phone_number: "15550100", phone_number_id: phoneNumberId };
  const value = { messaging_product: "whatsapp", metadata, statuses: [entry] };
  const body = JSON.stringify({
    object: "whatsapp_business_account",
    entry: [{ id: "1", changes: [{ field: "messages", value }] }],
  }).replaceAll(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const signature = createHmac("sha256", appSecret).update(body).digest("hex");
  return { headers: { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}` }, body };
}

function row(name: keyof typeof META_FAILURES): Reply {
  const [status, code, message] = META_FAILURES[name];
  return error(status, code, message);
}

function error(status: number, code: number, message: string): Reply {
  const error_data = { messaging_product: "whatsapp", details: message };
  return {
    status,
    body: { error: { message: `(#${code}) ${message}`, type: "OAuthException", code, error_data, fbtrace_id: "A" } },
  };
}

function refused(status: number, code: number, why: string): Verdict<MetaMessage> {
  return { kind: "refused", why, reply: error(status, code, why) };
}

function parsed(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // said as such
  }
}
