/** Checks a request to Twilio against Twilio's OpenAPI document (specs/twilio-messages.openapi.json). For Node and for tests only. */
import { Ajv, type ValidateFunction } from "ajv";
import formats from "ajv-formats";
import document from "./specs/twilio-messages.openapi.json" with { type: "json" };

const PATH = "/2010-04-01/Accounts/{AccountSid}/Messages.json";
const operation = document.paths[PATH].post;

const ajv = new Ajv({ allErrors: true, strict: false, coerceTypes: true });
// Named in the document, defined nowhere: a sender may also be a word, a short code, or of WhatsApp.
ajv.addFormat("phone-number", /^(whatsapp:)?(\+[1-9]\d{3,14}|[0-9A-Za-z ]{1,11}|\d{3,8})$/);
ajv.addFormat("date-time-rfc-2822", true);
ajv.addFormat("currency", /^[A-Z]{3}$/);
ajv.addFormat("uri-map", true);
formats.default(ajv, ["uri", "date-time"]);
ajv.addSchema({ $id: "twilio", components: document.components });

const form = operation.requestBody.content["application/x-www-form-urlencoded"].schema;
const formCheck = ajv.compile(absolute({ ...form, additionalProperties: false }));
const messageCheck = ajv.compile({ $ref: "twilio#/components/schemas/api.v2010.account.message" });
const errorCheck = ajv.compile({ $ref: "twilio#/components/schemas/x.rest_exception" });

/** What the document does not allow in the form; empty where it fits. Fields that it does not know are flaws. */
export function formFlaws(body: string): string[] {
  const fields: Record<string, string | string[]> = {};
  const lists = new Set(["MediaUrl", "PersistentAction"]);
  for (const [name, value] of new URLSearchParams(body)) {
    const before = fields[name];
    if (lists.has(name)) fields[name] = [...(Array.isArray(before) ? before : []), value];
    else if (before !== undefined) return [`/${name}: given twice`];
    else fields[name] = value;
  }
  return check(formCheck, fields);
}

/** What the document does not allow in a 201's body. */
export function messageFlaws(message: unknown): string[] {
  return check(messageCheck, message);
}

/** What the document does not allow in an error's body. */
export function errorFlaws(error: unknown): string[] {
  return check(errorCheck, error);
}

function check(validate: ValidateFunction, value: unknown): string[] {
  return validate(structuredClone(value)) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath}: ${e.message}`);
}

/** References inside the document, as seen from outside of it. */
function absolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"twilio#/components')) as object;
}
