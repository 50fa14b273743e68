/** Checks a request to FCM against Google's own schema (specs/fcm-v1.json). For Node and for tests only. */
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import document from "./specs/fcm-v1.json" with { type: "json" };

const ajv = new Ajv2020({ allErrors: true, strict: false });
formats.default(ajv);
const check = ajv.compile(document.jsonSchema);

/** What Google's schema does not allow in the body of `messages:send`; empty where it fits. Fields that it does not know are flaws. */
export function sendFlaws(body: unknown): string[] {
  return check(body) ? [] : (check.errors ?? []).map((e) => `${e.instancePath}: ${e.message}`);
}
