/**
 * What every provider must hold that takes a whole mail over a socket or a binding, along the lines of describe-provider.ts.
 * Its test is a harness and one call.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Envelope } from "../core/message.ts";
import type { Account, BindingProvider, DialogueProvider } from "../providers/provider.ts";
import { ATTACKS, ATTEMPT_ID, BREAKS, envelopeOf, MESSAGE_ID } from "./provider-cases.ts";

/** A mail as whoever reads it sees it. */
export interface SentMail {
  /** Everybody who gets it. */
  readonly recipients: readonly string[];
  /** In their order, with names in lower case; values may be in encoded words. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly subject: string | undefined;
  readonly text: string | undefined;
  readonly html: string | undefined;
  /** The lines of the protocol, where there is one; a sign-in is left out. */
  readonly lines: readonly string[];
  /** All that left, but for the sign-in. */
  readonly all: string;
}

export interface MailHarness {
  readonly provider: DialogueProvider | BindingProvider;
  readonly account: {
    readonly credentials: Readonly<Record<string, string>>;
    readonly settings: Readonly<Record<string, string | number>>;
  };
  /** Settings that are said to the provider outside of a mail. */
  readonly said: readonly string[];
  readonly send: (envelope: Envelope, account: Account) => Promise<SentMail>;
  /** The attempt's id, from the slot that comes back. */
  readonly attemptIdOf: (sent: SentMail) => string | undefined;
}

const TO = "ada@customer.example";

export function describeMailProvider(harness: MailHarness): void {
  const { provider } = harness;
  const account: Account = {
    connectionId: "con_1",
    credentials: provider.credentials.parse(harness.account.credentials),
    settings: provider.settings.parse(harness.account.settings),
  };
  const send = (texts: readonly string[], hostile?: string) => harness.send(envelopeOf("email", TO, texts, hostile), account);
  const header = (sent: SentMail, name: string) => sent.headers.find(([n]) => n === name)?.[1];

  describe(`provider ${provider.id}`, () => {
    test("describes its account by JSON Schemas of objects, with secrets marked", () => {
      for (const shape of [provider.credentials, provider.settings]) {
        expect(z.toJSONSchema(shape, { io: "input" })).toMatchObject({ type: "object", additionalProperties: false });
      }
      const form = z.toJSONSchema(provider.credentials, { io: "input" });
      for (const field of Object.keys(harness.account.credentials)) {
        expect(form.properties?.[field]).toMatchObject({ format: "password" });
      }
      expect(provider.channels).toEqual(["email"]);
    });

    test("takes nothing that could end a line of its protocol", () => {
      for (const end of ["\r\nRSET", "\n", "\r", "\u0000"]) {
        for (const field of Object.keys(harness.account.credentials)) {
          const credentials = { ...harness.account.credentials, [field]: `${harness.account.credentials[field]}${end}` };
          expect(provider.credentials.safeParse(credentials).success, field).toBe(false);
        }
        for (const field of harness.said) {
          const settings = { ...harness.account.settings, [field]: `${harness.account.settings[field]}${end}` };
          expect(provider.settings.safeParse(settings).success, field).toBe(false);
        }
      }
    });

    test("carries the attempt's id in the slot that comes back, and the message's", async () => {
      const sent = await send(["One", "Two", "Three"]);
      expect(harness.attemptIdOf(sent)).toBe(ATTEMPT_ID);
      expect(header(sent, "x-carillon-message-id")).toBe(MESSAGE_ID);
    });

    test("puts no secret into what it sends", async () => {
      const { all } = await send(["One", "Two", "Three"]);
      for (const secret of Object.values(harness.account.credentials)) expect(all).not.toContain(secret);
    });

    test("sends the same for the same input", async () => {
      expect(await send(["One", "Two", "Three"])).toEqual(await send(["One", "Two", "Three"]));
    });

    test("hands every character through", async () => {
      const texts = ["Grüße 👩‍👩‍👧 n\u0303", "שלום مرحبا 你好 \u{1d54f}", '<p title="a&b">50 % + "€" = \\o/ \u200d</p>'];
      const { subject, text, html } = await send(texts);
      expect([subject, text, html]).toEqual(texts);
    });

    test("tells nobody of a blind copy but whoever gets it", async () => {
      const sent = await send(["One", "Two", "Three"]);
      expect(sent.recipients.toSorted()).toEqual([TO, "bcc@acme.example", "cc@acme.example"].toSorted());
      expect(sent.headers.flat().join("\n")).not.toMatch(/bcc/i);
    });

    test.each(ATTACKS)("keeps %j inside the field it came in", async (attack) => {
      const harmless = await send(["One", "Two", "Three"], "x");
      const sent = await send([`One${attack}`, `Two${attack}`, `Three${attack}`], attack);
      expectHarmless(sent, harmless);
    });

    test("takes any text at all", async () => {
      const harmless = await send(["One", "Two", "Three"], "x");
      const text = fc.string({ unit: "binary", maxLength: 200 });
      await fc.assert(
        fc.asyncProperty(text, text, text, text, async (a, b, c, hostile) => {
          expectHarmless(await send([a, b, c], hostile), harmless);
        }),
        { numRuns: 50 },
      );
    });
  });

  function expectHarmless(sent: SentMail, harmless: SentMail): void {
    const known = new Set(harmless.headers.map(([name]) => name));
    // Its name is hostile as well: it is there as far as it is a name.
    for (const [name, value] of sent.headers) {
      if (!name.startsWith("x-name")) expect(known, name).toContain(name);
      expect(name).toMatch(/^[!-9;-~]+$/);
      expect(value).not.toMatch(BREAKS);
    }
    expect(new Set(sent.headers.map(([name]) => name)).size, "no header twice").toBe(sent.headers.length);
    expect(sent.recipients.filter((address) => /@evil\.example$/i.test(address))).toEqual([]);
    expect(sent.recipients.length).toBeLessThanOrEqual(harmless.recipients.length);
    expect(sent.recipients[0]).toBe(TO);
    const verbs = (mail: SentMail) => mail.lines.map((line) => line.split(/[ :]/)[0]).filter((verb) => verb !== "RCPT");
    expect(verbs(sent)).toEqual(verbs(harmless));
    for (const line of sent.lines) expect(line).not.toMatch(BREAKS);
    expect(harness.attemptIdOf(sent)).toBe(ATTEMPT_ID);
  }
}
