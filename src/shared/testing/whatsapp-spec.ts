/** Checks messages, answers and statuses of WhatsApp against Meta's OpenAPI document (specs/whatsapp-messages.openapi.json). For Node and for tests only. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import document from "./specs/whatsapp-messages.openapi.json" with { type: "json" };

const ajv = new Ajv2020({ allErrors: true, strict: false });
ajv.addFormat("url", /^https:\/\/\S+$/);
ajv.addSchema({ $id: "whatsapp", components: document.components });

const of = (name: string) => ajv.compile({ $ref: `whatsapp#/components/schemas/${name}` });
const messages = new Map(
  ["Text", "Document", "Image", "Video", "Template"].map((kind) => [kind.toLowerCase(), of(`${kind}Message`)]),
);
const answer = of("MessageResponsePayload");
const error = of("GraphAPIError");
const statuses = of("StatusMessageValue");

/** By the type of the message: the document leaves it open which fields belong to which type. */
const FIELDS = ["messaging_product", "recipient_type", "to", "type", "biz_opaque_callback_data", "context"];

/** What the document does not allow in a message; empty where it fits. Fields that it does not know are flaws. */
export function messageFlaws(message: Readonly<Record<string, unknown>>): string[] {
  const type = String(message.type);
  const validate = messages.get(type);
  if (validate === undefined) return [`/type: there is no ${type}`];
  const strange = Object.keys(message).filter((field) => field !== type && !FIELDS.includes(field));
  return [...strange.map((field) => `/${field}: there is no such field`), ...check(validate, message)];
}

export function answerFlaws(body: unknown): string[] {
  return check(answer, body);
}

export function errorFlaws(body: unknown): string[] {
  return check(error, body);
}

export function statusFlaws(value: unknown): string[] {
  return check(statuses, value);
}

function check(validate: ValidateFunction, value: unknown): string[] {
  return validate(value) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath}: ${e.message}`);
}
