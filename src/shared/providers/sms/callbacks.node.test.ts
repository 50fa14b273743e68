/** Twilio's own library as judge of which callbacks are believed. */
import fc from "fast-check";
import twilioLibrary from "twilio";
import { describe, expect, test } from "vitest";
import { twilio } from "./twilio.ts";

const TOKEN = "0123456789-the-auth-token-abcdef";
const { getExpectedTwilioSignature, validateRequest, validateRequestWithBody } = twilioLibrary;

async function believes(url: string, signature: string, body: string, token = TOKEN): Promise<boolean> {
  const callback = {
    method: "POST",
    url: new URL(url),
    headers: new Headers({ "x-twilio-signature": signature }),
    body: new TextEncoder().encode(body),
  };
  const context = { now: 0, certificate: () => Promise.reject(new Error("it needs none")) };
  return (await twilio.callbacks?.read(callback, { auth_token: token }, context))?.kind !== "forged";
}

/** As a web framework would hand it to the library. */
function parsed(form: URLSearchParams): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? "") : values];
    }),
  );
}

describe("twilio's callbacks, judged by its own library", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 20 });
  const path = fc.constantFrom(
    "https://carillon.test/hooks/sms/twilio/con_1",
    "https://carillon.test:8443/x?attempt=att_1&y=%20z",
    "http://carillon.test/",
  );

  test("are believed and refused as there, over many forms", async () => {
    const forms = fc.array(fc.tuple(text, text), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(path, forms, text, async (url, pairs, other) => {
        const form = new URLSearchParams(pairs);
        const signature = getExpectedTwilioSignature(TOKEN, url, parsed(form));
        const changed = new URLSearchParams([...pairs, ["Other", other]]);
        for (const [given, sign] of [
          [form, signature],
          [changed, signature],
          [form, getExpectedTwilioSignature(`${TOKEN}x`, url, parsed(form))],
          [form, getExpectedTwilioSignature(TOKEN, url.replace(":8443", ""), parsed(form))],
        ] as const) {
          expect(await believes(url, sign, given.toString())).toBe(validateRequest(TOKEN, sign, url, parsed(given)));
        }
      }),
      { numRuns: 200 },
    );
  });

  test("are believed and refused as there, where the body is JSON", async () => {
    const body = '{"property": "value", "boolean": true}';
    const hash = Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body))).toString("hex");
    const url = `https://carillon.test/hooks?foo=1&bodySHA256=${hash}`;
    const signature = getExpectedTwilioSignature(TOKEN, url, {});
    for (const [given, sign] of [
      [body, signature],
      [`${body} `, signature],
      [body, getExpectedTwilioSignature(TOKEN, `${url}0`, {})],
    ] as const) {
      expect(await believes(url, sign, given)).toBe(validateRequestWithBody(TOKEN, sign, url, given));
    }
  });
});
