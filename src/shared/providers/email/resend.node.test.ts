/** Resend's OpenAPI document as judge of what we send. */
import { describe, expect, test } from "vitest";
import { resendFlaws } from "../../testing/mail-specs.ts";
import { mails } from "../../testing/mails.ts";
import { resend } from "./resend.ts";

const account = { connectionId: "con_1", credentials: { api_key: "re_x" }, settings: { from: "Acme <no-reply@acme.example>" } };
const context = { now: 0, callbackUrl: null, idempotencyKey: "k", session: null };

describe("resend, judged by its own document", () => {
  test.each(Object.entries(mails))("sends what it takes: %s", async (_, mail) => {
    const body = JSON.parse(await (await resend.encode(mail, account, context)).text()) as { tags: Record<string, string>[] };
    expect(resendFlaws(body)).toEqual([]);
    for (const { name, value } of body.tags) expect(`${name} ${value}`).toMatch(/^[\w-]{1,256} [\w-]{1,256}$/);
  });

  test("is judged by a document that finds flaws", () => {
    expect(resendFlaws({ from: "a@b.example", to: [], odd: 1 }).length).toBeGreaterThan(2);
  });
});
