/** From a message to the parts of a call. No value gets out of its place: core/liquid.ts escapes URLs, JSON is made of JSON. */
import { compileValue, renderValue } from "../../core/liquid.ts";
import type { AttachedFile, Envelope, FailedReceipt, LinkedFile } from "../../core/message.ts";
import type { EncodeContext } from "../provider.ts";
import { plainOnly, tooLong } from "../supports.ts";
import type { HttpAccount, HttpSettings } from "./settings.ts";
import { NOTHING, templatesOf } from "./templates.ts";

export interface HttpCall {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string | null;
}

type About = Pick<EncodeContext, "now"> & Partial<Pick<EncodeContext, "callbackUrl" | "idempotencyKey">>;

/** The call, or why there can be none. */
export function callOf(envelope: Envelope, account: HttpAccount, about: About): HttpCall | FailedReceipt {
  const { settings } = account;
  const variables = {
    ...NOTHING,
    ...contentOf(envelope),
    callback_url: about.callbackUrl ?? null,
    idempotency_key: about.idempotencyKey ?? null,
    secret: account.credentials.secrets,
  };
  const rendered = renderValue(templatesOf(settings), variables, { now: about.now });
  if (!rendered.ok) {
    const reason = rendered.flaws.map((flaw) => `settings.${flaw.path}: ${flaw.message}`).join(" ");
    return failed("template_invalid", reason.slice(0, 300));
  }
  // The shape that templatesOf was given, with texts in place of templates.
  const parts = rendered.content as Templates;
  const wrong = pathFlaw(parts.url);
  if (wrong !== null) return failed("url_invalid", wrong);
  return {
    url: parts.url,
    headers: headersOf(parts.headers, settings),
    body: settings.method === "GET" ? null : bodyOf(parts.body, settings),
  };
}

/** The GET that shows whether the account works; of the host alone where there is no `verify_url`. */
export function probeOf({ credentials: { secrets }, settings }: HttpAccount, now: number): Request {
  const { verify_url, headers } = settings;
  if (verify_url === undefined) return new Request(baseOf(settings.url));
  const templates = compileValue({ verify_url, headers }, (path) => (path === "verify_url" ? "url" : "text"));
  const rendered = renderValue(templates, { ...NOTHING, secret: secrets }, { now });
  if (!rendered.ok) return new Request(baseOf(verify_url));
  const parts = rendered.content as { readonly verify_url: string; readonly headers: Templates["headers"] };
  return new Request(pathFlaw(parts.verify_url) === null ? parts.verify_url : baseOf(verify_url), {
    headers: headerLines(parts.headers),
  });
}

/** `https://host/` of a template, in which the host is written out. */
export function baseOf(url: string): string {
  return `${/^https?:\/\/[^/?]+/.exec(url)?.[0] ?? "invalid:"}/`;
}

interface Templates {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What this account will never carry: a text that is too long, a template that fails on it. */
export function refusedContent(envelope: Envelope, account: HttpAccount): FailedReceipt | null {
  // WhatsApp's templates and links to files are data like any other; what one provider keeps is not.
  const kept = envelope.channel === "whatsapp" ? null : plainOnly(envelope);
  if (kept !== null) return kept;
  const { max_characters: most } = account.settings;
  const text = "text" in envelope ? (envelope.text ?? "") : "body" in envelope ? envelope.body : "";
  const long = most === undefined ? null : tooLong("The text", text.length, most);
  if (long !== null) return long;
  const call = callOf(envelope, account, { now: 0, idempotencyKey: "", callbackUrl: "" });
  return "outcome" in call ? call : null;
}

function failed(code: string, reason: string): FailedReceipt {
  return { outcome: "permanent", code, reason: reason.replaceAll(/\s+/g, " ") };
}

/** What one channel has and another has not. */
interface Loose {
  readonly validitySeconds?: number | undefined;
  readonly attachments?: readonly (AttachedFile | LinkedFile)[] | undefined;
  readonly [field: string]: unknown;
}

/** In the names of the API. */
function contentOf(envelope: Envelope): Readonly<Record<string, unknown>> {
  const { attemptId, messageId, ...rest } = envelope;
  const { validitySeconds, attachments, ...content }: Loose = rest;
  return {
    ...content,
    attempt_id: attemptId,
    message_id: messageId,
    validity_seconds: validitySeconds ?? null,
    attachments: (attachments ?? []).map((file) => ({
      filename: file.filename,
      content_type: file.contentType,
      ...("contentBase64" in file ? { content_base64: file.contentBase64 } : { url: file.url }),
    })),
  };
}

/** A value of `..` would lead to another path: everything else in it is percent-encoded. */
function pathFlaw(url: string): string | null {
  const path = url.replace(/^https?:\/\/[^/?]*/, "").replace(/\?.*$/s, "");
  if (path.split("/").some((part) => /^(\.|%2e){1,2}$/i.test(part)))
    return "A part of the URL's path is . or .. once it is rendered.";
  return URL.canParse(url) ? null : "The URL is none once it is rendered.";
}

const CONTENT_TYPES: Readonly<Record<HttpSettings["body_format"], string>> = {
  json: "application/json",
  form: "application/x-www-form-urlencoded",
  xml: "application/xml; charset=utf-8",
  text: "text/plain; charset=utf-8",
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this takes out
const CONTROLS = /[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g;

function headersOf(rendered: Readonly<Record<string, string>>, settings: HttpSettings): Headers {
  const headers = headerLines(rendered);
  if (settings.method !== "GET") headers.set("content-type", settings.content_type ?? CONTENT_TYPES[settings.body_format]);
  return headers;
}

function headerLines(rendered: Readonly<Record<string, string>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(rendered)) {
    const line = value.replaceAll(CONTROLS, " ").trim();
    // Beyond ASCII, workerd writes UTF-8 by itself.
    if (line !== "") headers.set(name, line.slice(0, 8000).toWellFormed());
  }
  return headers;
}

/** `rendered`: the template, its texts rendered. Types of its parts: settings.ts. */
function bodyOf(rendered: unknown, { body, body_format }: HttpSettings): string {
  switch (body_format) {
    case "json":
      return JSON.stringify(body === undefined ? wholes(rendered, null) : wholes(rendered, body));
    case "form":
      return new URLSearchParams(rendered as Record<string, string>).toString();
    case "xml":
    case "text":
      return String(rendered);
  }
}

const WHOLE = /^\s*\{\{[^{}]*\|\s*json\s*-?\}\}\s*$/;

/** Texts whose template is all of `{{ … | json }}` become what they say. `template` null: all of them are such. */
function wholes(rendered: unknown, template: unknown): unknown {
  if (typeof rendered === "string") {
    const isWhole = template === null || (typeof template === "string" && WHOLE.test(template));
    return isWhole && rendered !== "" ? (JSON.parse(rendered) as unknown) : rendered;
  }
  const of = (key: string | number) => (template === null ? null : (template as Readonly<Record<string | number, unknown>>)[key]);
  if (Array.isArray(rendered)) return rendered.map((item, i) => wholes(item, of(i)));
  if (typeof rendered !== "object" || rendered === null) return rendered;
  return Object.fromEntries(Object.entries(rendered).map(([key, item]) => [key, wholes(item, of(key))]));
}
