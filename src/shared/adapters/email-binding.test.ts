import { expect, test } from "vitest";
import type { BoundMail } from "../ports/mailer.ts";
import { emailBinding } from "./email-binding.ts";

const mail: BoundMail = {
  from: { name: "Acme", email: "no-reply@acme.example" },
  to: ["ada@customer.example"],
  subject: "Hello",
  text: "Hi",
  headers: { "X-Carillon-Attempt-Id": "att_1" },
  attachments: [{ filename: "a.pdf", type: "application/pdf", disposition: "attachment", content: new Uint8Array([1, 2]) }],
};
const through = (send: (builder: EmailMessageBuilder) => Promise<unknown>) => emailBinding({ send } as unknown as SendEmail);
const failing = (error: unknown) =>
  through(async () => {
    throw error;
  }).send(mail, 1000);

test("a mail goes to the binding as it is, and comes back with its message id", async () => {
  const sent: EmailMessageBuilder[] = [];
  const mailer = through(async (builder) => {
    sent.push(builder);
    return { messageId: "m-1" };
  });
  expect(await mailer.send(mail, 1000)).toEqual({ kind: "taken", messageId: "m-1" });
  expect(sent).toEqual([mail]);
});

test("a refusal has the platform's code, from where it is", async () => {
  const refused = { kind: "refused", code: "E_SENDER_NOT_VERIFIED" };
  expect(await failing(Object.assign(new Error("not verified"), { code: "E_SENDER_NOT_VERIFIED" }))).toMatchObject(refused);
  expect(await failing(new Error("E_SENDER_NOT_VERIFIED: not verified"))).toMatchObject(refused);
});

test.each([new Error("Network connection lost."), Object.assign(new Error("?"), { code: 7 }), "E", null])(
  "an error without a code says nothing of the mail: %s",
  async (error) => expect(await failing(error)).toMatchObject({ kind: "unknown" }),
);

test("an answer without a message id, or none in time, says nothing of the mail", async () => {
  expect(await through(async () => ({})).send(mail, 1000)).toMatchObject({ kind: "unknown" });
  expect(await through(() => new Promise(() => undefined)).send(mail, 5)).toEqual({
    kind: "unknown",
    reason: "no answer within 5 ms",
  });
});
