/** The templates of the generic HTTP provider: what they know, how each is escaped, and what is wrong with them. */
import { type CompiledValue, compileValue, renderValue, TemplateError } from "../../core/liquid.ts";

export interface HttpTemplates {
  readonly method: string;
  readonly url: string;
  readonly verify_url?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly body_format: "json" | "form" | "xml" | "text";
}

/** Names that templates know, whatever the channel; what a message lacks is null. */
export const VARIABLES = [
  ["to", "channel", "message_id", "attempt_id", "idempotency_key", "callback_url", "tags", "secret"],
  ["subject", "html", "from", "reply_to", "cc", "bcc", "headers", "attachments", "provider_template"],
  ["text", "title", "body", "url", "data", "template", "content", "priority", "validity_seconds"],
].flat();

/** A message that lacks everything. */
export const NOTHING: Readonly<Record<string, null>> = Object.fromEntries(VARIABLES.map((name) => [name, null]));

/** Where nothing is said of the body. */
const WHOLE = Object.fromEntries(
  [
    "to",
    "channel",
    "message_id",
    "attempt_id",
    "tags",
    "subject",
    "html",
    "text",
    "title",
    "body",
    "url",
    "data",
    "template",
  ].map((name) => [name, `{{ ${name} | json }}`]),
);

/** By place: what is put into a URL is percent-encoded, into XML escaped, and elsewhere kept apart by what it stands in. */
function compiled(given: HttpTemplates): CompiledValue {
  const { url: to, verify_url, headers, method, body = WHOLE, body_format } = given;
  const templates = { url: to, ...(verify_url && { verify_url }), headers, ...(method === "GET" ? {} : { body }) };
  return compileValue(templates, (path) => {
    if (path === "url" || path === "verify_url") return "url";
    return path === "body" && body_format === "xml" ? "html" : "text";
  });
}

const known = new WeakMap<object, CompiledValue>();

/** Compiled once for each opened account. */
export function templatesOf(given: HttpTemplates): CompiledValue {
  const found = known.get(given) ?? compiled(given);
  known.set(given, found);
  return found;
}

/** Templates that do not compile, and variables that there will never be. Which secrets there are is for the credentials to say. */
export function templateFlaws(given: HttpTemplates): { path: string; message: string }[] {
  try {
    return missingIn(compiled(given), {})
      .filter(({ variable }) => VARIABLES.every((name) => !isIn(name, variable)))
      .map(({ path, variable }) => ({ path, message: `There is no variable ${variable}. There are ${VARIABLES.join(", ")}.` }));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return [...error.flaws];
  }
}

/** Secrets that a template names and that there are not, such as `secret.token`. */
export function missingSecrets(given: HttpTemplates, secrets: Readonly<Record<string, string>>): string[] {
  const missing = missingIn(templatesOf(given), secrets).filter(({ variable }) => isIn("secret", variable));
  return [...new Set(missing.map(({ variable }) => variable))];
}

function missingIn(templates: CompiledValue, secret: Readonly<Record<string, string>>): { path: string; variable: string }[] {
  const rendered = renderValue(templates, { ...NOTHING, secret }, { now: 0 });
  if (rendered.ok) return [];
  return rendered.flaws.flatMap(({ path, variable }) => (variable === undefined ? [] : [{ path, variable }]));
}

function isIn(name: string, variable: string): boolean {
  return variable === name || variable.startsWith(`${name}.`) || variable.startsWith(`${name}[`);
}
