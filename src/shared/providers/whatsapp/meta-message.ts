/** A message's parts as the Cloud API takes them. https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates */
import { isList } from "../../core/compose-templates.ts";
import type {
  Envelope,
  LinkedFile,
  TemplateVariables,
  WhatsAppButton,
  WhatsAppHeader,
  WhatsAppTemplate,
} from "../../core/message.ts";

export type WhatsAppEnvelope = Extract<Envelope, { channel: "whatsapp" }>;

/** What WhatsApp shows in the conversation, up to these sizes; all else is a document. */
const SHOWN: readonly (readonly [types: RegExp, kind: "image" | "video", mostBytes: number])[] = [
  [/^image\/(jpeg|png)$/, "image", 5 * 1024 * 1024],
  [/^video\/(mp4|3gpp)$/, "video", 16 * 1024 * 1024],
];

function kindOf({ contentType, sizeBytes }: LinkedFile): "image" | "video" | "document" {
  return SHOWN.find(([types, , most]) => types.test(contentType) && sizeBytes <= most)?.[1] ?? "document";
}

/** A file with the text under it. */
export function fileOf(file: LinkedFile, caption: string): object {
  const kind = kindOf(file);
  return {
    type: kind,
    [kind]: { link: file.url, caption, ...(kind === "document" && { filename: file.filename.slice(0, 240) }) },
  };
}

/** `file` goes where the header of the template is. */
export function templateOf({ name, language, variables, header, buttons = [] }: WhatsAppTemplate, file?: LinkedFile): object {
  const top = header ?? (file && { type: kindOf(file), link: file.url, filename: file.filename.slice(0, 240) });
  const body = variables === undefined ? [] : parameters(variables);
  let next = 0;
  const components = [
    ...(top === undefined ? [] : [{ type: "header", parameters: [headerParameter(top)] }]),
    ...(body.length === 0 ? [] : [{ type: "body", parameters: body }]),
    ...buttons.map((button) => {
      const index = button.index ?? next;
      next = index + 1;
      return { type: "button", sub_type: button.type, index: String(index), parameters: [buttonParameter(button)] };
    }),
  ];
  return { name, language: { code: language }, ...(components.length === 0 ? {} : { components }) };
}

function parameters(variables: TemplateVariables): object[] {
  if (isList(variables)) return variables.map((text) => ({ type: "text", text }));
  const byName = Object.entries(variables);
  // {{1}}, {{2}} given by their numbers are still counted and not named.
  const isCounted = byName.every(([name], i) => name === String(i + 1));
  return byName.map(([name, text]) => ({ type: "text", ...(!isCounted && { parameter_name: name }), text }));
}

function headerParameter(header: WhatsAppHeader): object {
  if (header.type === "text") return { type: "text", text: header.text };
  const { type, link, filename } = header;
  return { type, [type]: { link, ...(type === "document" && filename !== undefined && { filename }) } };
}

function buttonParameter({ type, value }: WhatsAppButton): object {
  switch (type) {
    case "url":
      return { type: "text", text: value };
    case "quick_reply":
      return { type: "payload", payload: value };
    case "copy_code":
      return { type: "coupon_code", coupon_code: value };
  }
}
