/** Makes the envelope of one attempt: renders the part of its channel and checks what came out. Pure. */
import type { Channel, Priority } from "./channels.ts";
import { composeSms, composeWhatsApp } from "./compose-templates.ts";
import { type CompiledContent, type RenderContext, renderPart, type TemplateFlaw, type Variables } from "./liquid.ts";
import type { AttachedFile, EmailContent, Envelope, LinkedFile } from "./message.ts";
import { htmlToText } from "./plain-text.ts";
import { isBlank, line, lines } from "./rendered-text.ts";

export interface ComposeInput {
  readonly compiled: CompiledContent;
  readonly channel: Channel;
  /** The destination as the provider takes it. */
  readonly to: string;
  readonly messageId: string;
  readonly attemptId: string;
  /** The order's variables with the recipient's over them: `mergeVariables`. */
  readonly variables: Variables;
  readonly locale?: string | undefined;
  /** Milliseconds since 1970: what `now` and `today` mean in a date filter. */
  readonly now: number;
  readonly tags: readonly string[];
  readonly files: readonly AttachedFile[];
  /** The same files for a provider that fetches them. */
  readonly links?: readonly LinkedFile[] | undefined;
  readonly validitySeconds?: number | undefined;
  readonly priority?: Priority | undefined;
}

export type Composed =
  | { readonly ok: true; readonly envelope: Envelope }
  | { readonly ok: false; readonly code: "template_invalid" | "no_content"; readonly reason: string };

/** Variables of the order, with those of the recipient over them. */
export function mergeVariables(order: Variables | null | undefined, recipient: Variables | null | undefined): Variables {
  return { ...order, ...recipient };
}

export function compose(input: ComposeInput): Composed {
  const { compiled, channel, variables } = input;
  const context: RenderContext = { now: input.now, locale: input.locale };
  const common = { attemptId: input.attemptId, messageId: input.messageId, to: input.to, tags: input.tags };
  const validity = input.validitySeconds === undefined ? {} : { validitySeconds: input.validitySeconds };
  switch (channel) {
    case "email": {
      const rendered = renderPart(compiled, "email", variables, context);
      if (!rendered?.ok) return refused(channel, rendered);
      const email = composeEmail(rendered.content, variables);
      if (typeof email === "string") return invalid(email);
      return { ok: true, envelope: { ...common, channel, attachments: input.files, ...email } };
    }
    case "sms": {
      const rendered = renderPart(compiled, channel, variables, context);
      if (!rendered?.ok) return refused(channel, rendered);
      const sms = composeSms(rendered.content, variables);
      return typeof sms === "string" ? invalid(sms) : { ok: true, envelope: { ...common, channel, ...sms, ...validity } };
    }
    case "whatsapp": {
      const rendered = renderPart(compiled, channel, variables, context);
      if (!rendered?.ok) return refused(channel, rendered);
      const whatsapp = composeWhatsApp(rendered.content);
      if (typeof whatsapp === "string") return invalid(whatsapp);
      const { links = [] } = input;
      const attachments = links.length === 0 ? {} : { attachments: links };
      return { ok: true, envelope: { ...common, channel, ...whatsapp, ...attachments, ...validity } };
    }
    case "chat": {
      const rendered = renderPart(compiled, channel, variables, context);
      if (!rendered?.ok) return refused(channel, rendered);
      const text = lines(rendered.content.text);
      const { title, url } = rendered.content;
      if (text === "") return invalid("chat.text is empty once it is rendered");
      const more = {
        ...(title === undefined || line(title) === "" ? {} : { title: line(title) }),
        ...(url === undefined || line(url) === "" ? {} : { url: line(url) }),
      };
      return { ok: true, envelope: { ...common, channel, text, ...more, ...validity } };
    }
    case "push": {
      const rendered = renderPart(compiled, channel, variables, context);
      if (!rendered?.ok) return refused(channel, rendered);
      const { title, body, data, url } = rendered.content;
      if (line(title) === "" && body.trim() === "") return invalid("push.title and push.body are empty once they are rendered");
      const { priority } = input;
      const push = {
        title: line(title),
        body: lines(body),
        ...(data === undefined ? {} : { data }),
        ...(url === undefined ? {} : { url: url.trim() }),
        ...validity,
        ...(priority === undefined ? {} : { priority }),
      };
      return { ok: true, envelope: { ...common, channel, ...push } };
    }
    case "inapp": {
      const rendered = renderPart(compiled, channel, variables, context);
      if (!rendered?.ok) return refused(channel, rendered);
      const { title, body, url } = rendered.content;
      if (line(title) === "" && body.trim() === "") return invalid("inapp.title and inapp.body are empty once they are rendered");
      const inapp = { title: line(title), body: lines(body) };
      return { ok: true, envelope: { ...common, channel, ...inapp, ...(url === undefined ? {} : { url: url.trim() }) } };
    }
  }
}

type ComposedEmail = Omit<Extract<Envelope, { channel: "email" }>, "channel" | "attachments" | keyof Common>;
type Common = Pick<Envelope, "attemptId" | "messageId" | "to" | "tags">;

/** What goes into headers: no control character survives, and an address is one address. Or what is wrong. */
function composeEmail(email: EmailContent, variables: Variables): ComposedEmail | string {
  const { html, from, reply_to: replyTo, provider_template: stored } = email;
  if (stored === undefined && isBlank(html) && isBlank(email.text))
    return "email.html and email.text are empty once they are rendered";
  const addresses: Record<string, string | readonly string[]> = {};
  for (const [field, value] of [
    ["from", from],
    ["reply_to", replyTo],
  ] as const) {
    const written = value === undefined ? "" : line(value);
    if (written === "") continue;
    const address = mailbox(written);
    if (address === null) return `email.${field} is not one address once it is rendered`;
    addresses[field] = address;
  }
  for (const field of ["cc", "bcc"] as const) {
    // An entry that renders to nothing is one that this recipient does not have.
    const list: string[] = [];
    for (const [i, value] of (email[field] ?? []).entries()) {
      if (line(value) === "") continue;
      const address = mailbox(line(value));
      if (address === null) return `email.${field}[${i}] is not one address once it is rendered`;
      list.push(address);
    }
    if (list.length > 0) addresses[field] = list;
  }
  const text = email.text === undefined ? htmlToText(html ?? "") : lines(email.text);
  return {
    subject: line(email.subject ?? ""),
    ...(stored === undefined ? {} : { provider_template: { ...stored, variables } }),
    ...(isBlank(html) ? {} : { html }),
    ...(text === "" ? {} : { text }),
    ...addresses,
    ...(email.headers === undefined ? {} : { headers: mapValues(email.headers, line) }),
  };
}

const ADDRESS = /^[^\s<>@,;"]+@[^\s<>@,;"]+$/;
const QUOTED = /^"(?:[^"\\]|\\.)*"$/;
const MAX_MAILBOX_CHARS = 500;

/**
 * `a@b.example` or `Ada <a@b.example>` as one address, however it was rendered; null for anything else.
 * A name with characters that mean something in a list of addresses is quoted.
 */
function mailbox(text: string): string | null {
  if (text.length > MAX_MAILBOX_CHARS) return null;
  if (!text.endsWith(">")) return ADDRESS.test(text) ? text : null;
  const at = text.lastIndexOf("<");
  const name = text.slice(0, at).trim();
  const address = text.slice(at + 1, -1);
  if (at < 0 || /[<>]/.test(name) || !ADDRESS.test(address)) return null;
  if (name === "" || QUOTED.test(name) || !/[",;@:()[\]\\]/.test(name)) return text;
  return `"${name.replace(/["\\]/g, "\\$&")}" <${address}>`;
}

function mapValues(record: Readonly<Record<string, string>>, map: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function refused(channel: Channel, rendered: { readonly flaws: readonly TemplateFlaw[] } | null): Composed {
  if (rendered === null) return { ok: false, code: "no_content", reason: `There is no content for ${channel}.` };
  return invalid(
    rendered.flaws
      .map((flaw) => `${flaw.path}: ${flaw.message}`)
      .join(" ")
      .slice(0, 1000),
  );
}

function invalid(reason: string): Composed {
  return { ok: false, code: "template_invalid", reason };
}
