/** Checks requests to SendGrid and to Resend against the OpenAPI documents that both publish. For Node and for tests only. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import resend from "./specs/resend-emails.openapi.json" with { type: "json" };
import sendgrid from "./specs/sendgrid-mail-send.openapi.json" with { type: "json" };

const ajv = new Ajv2020({ allErrors: true, strict: false });
formats.default(ajv, ["email", "uri", "date-time"]);
ajv.addFormat("binary", true);
ajv.addSchema({ $id: "sendgrid", components: closed(sendgrid.components) });
ajv.addSchema({ $id: "resend", components: closed(resend.components) });

const mailSend = ajv.compile({
  $ref: "sendgrid#/components/requestBodies/PostMailSend/content/application~1json/schema",
});
const sendEmail = ajv.compile({ $ref: "resend#/components/schemas/SendEmailRequest" });

/** What SendGrid's document does not allow in a body of Mail Send; empty where it fits. Fields that it does not know are flaws. */
export function mailSendFlaws(body: unknown): string[] {
  return check(mailSend, body);
}

/** What Resend's document does not allow in the body of an email; empty where it fits. Fields that it does not know are flaws. */
export function resendFlaws(body: unknown): string[] {
  return check(sendEmail, body);
}

function check(validate: ValidateFunction, value: unknown): string[] {
  return validate(structuredClone(value)) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath}: ${e.message}`);
}

/** The same schemas, with no room for fields that they do not name. */
function closed(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (_, inner: unknown) => {
    const isObject = typeof inner === "object" && inner !== null && "properties" in inner && !("additionalProperties" in inner);
    return isObject ? { ...inner, additionalProperties: false } : inner;
  }) as object;
}
