/** Many mails for one call, and what every answer to it must come to. */
import fc from "fast-check";
import { expect } from "vitest";
import { newId } from "../core/ids.ts";
import type { EmailEnvelope } from "../providers/email/parts.ts";
import type { Account, Answer, Bulk } from "../providers/provider.ts";
import { answer, CONTEXT } from "./describe-provider.ts";
import { mails } from "./mails.ts";

/** `count` mails to as many addresses, each with its own content and ids. */
export function manyMails(count: number, over: Partial<EmailEnvelope> = {}): EmailEnvelope[] {
  return Array.from({ length: count }, (_, i) => ({
    ...mails.plain,
    attemptId: `${newId("att", CONTEXT.now + i, CONTEXT.random)}0001`,
    messageId: newId("msg", CONTEXT.now + i, CONTEXT.random),
    to: `user-${i}@customer.example`,
    subject: `Hello ${i} 📦`,
    text: `Hi ${i}, {{html}} & -carillon-text-`,
    html: `<p title="a&b">Grüße ${i} {{subject}}</p>`,
    ...over,
  }));
}

export async function bulkBody(bulk: Bulk, mails: readonly EmailEnvelope[], account: Account): Promise<unknown> {
  const keys = new Set(mails.map((mail) => bulk.key(mail, account)));
  expect(keys.size).toBe(1);
  expect(keys).not.toContain(null);
  return JSON.parse(await (await bulk.encode(mails, account, CONTEXT)).text());
}

/** One receipt for each, whatever comes back; none of them sent where nothing says so. */
export function expectEveryAnswerRead(bulk: Bulk): void {
  const garbage = fc.oneof(fc.json(), fc.string(), fc.constant('{"BulkEmailEntryResults":[null,{"Status":{}}]}'));
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), garbage, fc.integer({ min: 1, max: 5 }), (status, body, count) => {
      const given: Answer = answer(status, body);
      const receipts = bulk.decode(given, count);
      expect(receipts).toHaveLength(count);
      for (const receipt of receipts) {
        if (receipt.outcome === "sent") throw new Error("nothing said so");
        expect(receipt.code).toMatch(/^[^\r\n]{1,100}$/);
        expect(receipt.reason).toMatch(/^[^\r\n]{1,300}$/);
        if (status < 300) expect(receipt.outcome).toBe("unknown");
      }
    }),
  );
}
