/** Checks calls of a webhook, and what it answers, against Discord's OpenAPI document (specs/discord-webhook.openapi.json). For Node and for tests only. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import document from "./specs/discord-webhook.openapi.json" with { type: "json" };

const ajv = new Ajv2020({ allErrors: true, strict: false });
formats.default(ajv, ["uri", "date-time"]);
for (const format of ["snowflake", "nonce"]) ajv.addFormat(format, true);
ajv.addSchema({ $id: "discord", components: document.components });

const request = ajv.compile({ $ref: "discord#/components/schemas/IncomingWebhookRequestPartial" });
const fields = Object.keys(document.components.schemas.IncomingWebhookRequestPartial.properties);
const limited = ajv.compile({ $ref: "discord#/components/schemas/RatelimitedResponse" });

/** What the document does not allow in a call; empty where it fits. Fields that it does not know are flaws. */
export function webhookFlaws(body: Readonly<Record<string, unknown>>): string[] {
  const strange = Object.keys(body).filter((field) => !fields.includes(field));
  return [...strange.map((field) => `/${field}: there is no such field`), ...check(request, body)];
}

/** What the document does not allow in the body of a 429. */
export function rateLimitFlaws(body: unknown): string[] {
  return check(limited, body);
}

function check(validate: ValidateFunction, value: unknown): string[] {
  return validate(value) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath}: ${e.message}`);
}
