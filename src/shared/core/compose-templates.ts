/** Content that a provider fills in by itself: what is checked of it once it is rendered. Functions give it, or what is wrong. */
import type { Variables } from "./liquid.ts";
import type {
  SmsContent,
  TemplateVariables,
  WhatsAppButton,
  WhatsAppContent,
  WhatsAppHeader,
  WhatsAppTemplate,
} from "./message.ts";
import { line, lines } from "./rendered-text.ts";

interface ComposedSms {
  readonly text: string;
  readonly content?: { readonly sid: string; readonly variables: Readonly<Record<string, string>> };
}

/** `variables`: the send's own, which fill the template where the content names none. */
export function composeSms(sms: SmsContent, variables: Variables): ComposedSms | string {
  const text = lines(sms.text ?? "");
  if (sms.content_sid === undefined) return text === "" ? "sms.text is empty once it is rendered" : { text };
  const filled = sms.variables === undefined ? scalars(variables) : named(sms.variables);
  const content = { sid: sms.content_sid, variables: mapped(filled, parameter) };
  const empty = sms.variables === undefined ? undefined : emptyOf(content.variables);
  return empty === undefined ? { text, content } : `sms.variables.${empty} is empty once it is rendered`;
}

export function composeWhatsApp(whatsapp: WhatsAppContent): { text: string } | { template: WhatsAppTemplate } | string {
  const { template } = whatsapp;
  if (template === undefined) {
    const text = lines(whatsapp.text ?? "");
    return text === "" ? "whatsapp.text is empty once it is rendered" : { text };
  }
  const at = "whatsapp.template";
  const language = line(template.language).replace("-", "_");
  if (!/^[a-z]{2,3}(_[A-Za-z0-9]{2,4})?$/.test(language)) return `${at}.language is no language once it is rendered`;
  const variables = template.variables === undefined ? undefined : parametersOf(template.variables);
  const empty = variables === undefined ? undefined : emptyOf(named(variables));
  // Meta refuses a parameter without a text.
  if (empty !== undefined) return `${at}.variables.${empty} is empty once it is rendered`;
  const header = template.header === undefined ? undefined : headerOf(template.header);
  if (typeof header === "string") return `${at}.${header}`;
  const buttons = template.buttons?.map((button): WhatsAppButton => ({ ...button, value: line(button.value) }));
  const bare = buttons?.findIndex((button) => button.value === "") ?? -1;
  if (bare >= 0) return `${at}.buttons[${bare}].value is empty once it is rendered`;
  const { name, content_sid } = template;
  return {
    template: {
      name,
      language,
      ...(variables === undefined ? {} : { variables }),
      ...(header === undefined ? {} : { header }),
      ...(buttons === undefined ? {} : { buttons }),
      ...(content_sid === undefined ? {} : { content_sid }),
    },
  };
}

function headerOf(header: WhatsAppHeader): WhatsAppHeader | string {
  if (header.type === "text") {
    const text = parameter(header.text);
    return text === "" ? "header.text is empty once it is rendered" : { ...header, text };
  }
  const link = line(header.link);
  if (URL.parse(link)?.protocol !== "https:") return "header.link is no https URL once it is rendered";
  return { ...header, link, ...(header.filename === undefined ? {} : { filename: line(header.filename) }) };
}

/** A list is counted from 1. */
export function named(variables: TemplateVariables): Readonly<Record<string, string>> {
  return isList(variables) ? Object.fromEntries(variables.map((value, i) => [String(i + 1), value])) : variables;
}

function parametersOf(variables: TemplateVariables): TemplateVariables {
  return isList(variables) ? variables.map(parameter) : mapped(variables, parameter);
}

export function isList(variables: TemplateVariables): variables is readonly string[] {
  return Array.isArray(variables);
}

/** WhatsApp refuses line breaks, tabs, and more than four spaces in a row. */
function parameter(text: string): string {
  return line(text).replaceAll(/ {5,}/g, "    ");
}

function emptyOf(variables: Readonly<Record<string, string>>): string | undefined {
  return Object.keys(variables).find((name) => variables[name] === "");
}

/** What of the send's variables is text, a number or yes and no. */
function scalars(variables: Variables): Readonly<Record<string, string>> {
  const found = Object.entries(variables).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
  return Object.fromEntries(found.map(([name, value]) => [name, String(value)]));
}

function mapped(record: Readonly<Record<string, string>>, map: (value: string) => string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
