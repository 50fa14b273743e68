/**
 * What every http provider must hold. Its test is a harness and one call:
 *
 *     describeProvider({ provider: ses, account: {…}, … });
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Channel } from "../core/channels.ts";
import type { Envelope, Receipt } from "../core/message.ts";
import type { Account, Answer, HttpProvider } from "../providers/provider.ts";
import { ATTACKS, ATTEMPT_ID, BREAKS, envelopeOf, expectSound, GARBAGE, OUTCOME_OF_CLASS } from "./provider-cases.ts";

export { ATTEMPT_ID };

/** A request as it would leave: the body is read once. */
export interface Sent {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
  /** The body as it goes out, where it is no text. */
  readonly bytes: Uint8Array;
}

export interface ErrorTable {
  readonly rows: readonly { readonly match: string; readonly class: string; readonly retry_s?: string | number }[];
}

export interface ProviderHarness {
  readonly provider: HttpProvider;
  readonly channel: Channel;
  /** As a caller would give it; `endpoint` is left to the suite. */
  readonly account: {
    /** Texts, or lists of texts by their names. */
    readonly credentials: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
    readonly settings: Readonly<Record<string, unknown>>;
  };
  /** Fields of `credentials` that are no secret, such as an account's id in a URL. */
  readonly open: readonly string[];
  /** Where requests go without an `endpoint`. */
  readonly origin: string;
  /** The body taken apart: where a text stands → the text. */
  readonly fields: (sent: Sent) => ReadonlyMap<string, string>;
  /** Which of those places become a header of the message, or a line of the protocol. */
  readonly isLine: (place: string) => boolean;
  /** The attempt's id, from the slot that comes back in callbacks; null where nothing of ours ever comes back. */
  readonly attemptIdOf: ((sent: Sent) => string | null) | null;
  /** The texts a recipient reads, in the order of `texts` below. */
  readonly textsOf: (sent: Sent) => readonly string[];
  readonly success: Answer;
  /** The published error table, from testing/specs. */
  readonly table: ErrorTable;
  /** `match` of a row → answers that it means. */
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
  /** `match` of a row that is never an answer to this call → why. */
  readonly elsewhere: Readonly<Record<string, string>>;
  /** `match` of a row that we classify otherwise → as what, and beside it why. */
  readonly otherwise?: Readonly<Record<string, Receipt["outcome"]>>;
  /** Where it goes; else one that fits the channel. */
  readonly to?: string;
  /** A destination that this provider must refuse, if it refuses any. */
  readonly refuses?: readonly string[];
  /** Fields of `credentials` that hold a PEM, which has line breaks and never goes anywhere. */
  readonly pem?: readonly string[];
  /** Fields of `credentials` that are the URL that is called, or stand in it, as the provider wants it. */
  readonly inUrl?: readonly string[];
  /** How a connection is sent elsewhere, where it has no `endpoint`. */
  readonly elsewhereBy?: (endpoint: string) => Readonly<Record<string, unknown>>;
  /** Set where an account without credentials can send. */
  readonly isOpenToAll?: true;
  /** Statuses that say all by themselves: their body is empty. */
  readonly takenBy?: readonly number[];
  /** Where the provider has a session whose token is asked for: an answer that brings one. */
  readonly sessionAnswer?: Answer;
}

export const CONTEXT = {
  now: Date.UTC(2026, 10, 20, 12),
  callbackUrl: `https://carillon.test/hooks/x/y/${ATTEMPT_ID}`,
  idempotencyKey: "idk_01M7WXHTZH0000004NNR5APDB900",
  session: "a-session-token",
  /** As many bytes as are asked for, always the same. */
  random: (bytes: number) => Uint8Array.from({ length: bytes }, (_, i) => i + 1),
};
const ENDPOINT = "https://double.example:8443/base";

export function answer(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers: new Headers(headers), body: typeof body === "string" ? body : JSON.stringify(body) };
}

const DESTINATIONS: Record<Channel, string> = {
  email: "ada@customer.example",
  sms: "+447700900123",
  whatsapp: "+447700900123",
  push: "device-token",
  inapp: "user-1",
  chat: "C0123456",
};

export function describeProvider(harness: ProviderHarness): void {
  const { provider, channel } = harness;

  function account(endpoint?: string): Account {
    const settings = {
      ...harness.account.settings,
      ...(endpoint === undefined ? {} : (harness.elsewhereBy ?? ((at) => ({ endpoint: at })))(endpoint)),
    };
    return {
      connectionId: "con_1",
      credentials: provider.credentials.parse(harness.account.credentials),
      settings: provider.settings.parse(settings),
    };
  }

  async function send(envelope: Envelope, endpoint?: string): Promise<Sent> {
    return read(await provider.encode(envelope, account(endpoint), CONTEXT));
  }

  const to = harness.to ?? DESTINATIONS[channel];
  const envelope = (texts: readonly string[], hostile?: string) => envelopeOf(channel, to, texts, hostile);
  const plain = envelope(["One", "Two", "Three"]);

  describe(`provider ${provider.id}`, () => {
    test("describes its account by JSON Schemas of objects, with secrets marked", () => {
      for (const shape of [provider.credentials, provider.settings]) {
        expect(z.toJSONSchema(shape, { io: "input" })).toMatchObject({ type: "object", additionalProperties: false });
      }
      const form = z.toJSONSchema(provider.credentials, { io: "input" });
      for (const { path } of secretsOf(harness)) {
        const [field = "", name] = path;
        const schema = form.properties?.[field];
        const shown = name === undefined ? schema : typeof schema === "object" ? schema.additionalProperties : undefined;
        expect(shown, path.join(".")).toMatchObject({ format: "password" });
      }
      expect(provider.credentials.safeParse({}).success).toBe(harness.isOpenToAll === true);
      expect(provider.channels).toContain(channel);
    });

    test("takes no credential that could end a header", () => {
      for (const { path, value } of textsOf(harness.account.credentials)) {
        const [field = "", name] = path;
        for (const end of ["\r\nX-Injected: 1", ...(harness.pem?.includes(field) ? [] : ["\n"]), "\u0000"]) {
          const changed = name === undefined ? value + end : { [name]: value + end };
          const credentials = { ...harness.account.credentials, [field]: changed };
          expect(provider.credentials.safeParse(credentials).success, path.join(".")).toBe(false);
        }
      }
    });

    test("sends one request to the provider, or under the connection's endpoint", async () => {
      expect((await send(plain)).url.href.startsWith(`${harness.origin}/`)).toBe(true);
      expect((await send(plain, ENDPOINT)).url.href.startsWith(`${ENDPOINT}/`)).toBe(true);
      expect((await send(plain, `${ENDPOINT}/`)).url.href).toBe((await send(plain, ENDPOINT)).url.href);
      const probe = read(await provider.probe.encode(account(ENDPOINT), CONTEXT));
      expect((await probe).url.href.startsWith(`${ENDPOINT}/`)).toBe(true);
    });

    const expectAttempt = (sent: Sent) => {
      if (harness.attemptIdOf === null) expect(provider.callbacks, "it calls back").toBeUndefined();
      else expect(harness.attemptIdOf(sent)).toBe(ATTEMPT_ID);
    };

    test("carries the attempt's id in the slot that comes back, if there is one", async () => {
      expectAttempt(await send(plain));
    });

    test("puts no secret into a URL or a body", async () => {
      const probe = await read(await provider.probe.encode(account(), CONTEXT));
      for (const sent of [await send(plain), probe]) {
        for (const { path, value: secret } of secretsOf(harness)) {
          if (!harness.inUrl?.includes(path[0] ?? "")) expect(sent.url.href).not.toContain(secret);
          expect(sent.body).not.toContain(secret);
        }
      }
    });

    test("makes the same request of the same input", async () => {
      const [one, two] = [await send(plain), await send(plain)];
      expect({ ...one, headers: [...one.headers] }).toEqual({ ...two, headers: [...two.headers] });
    });

    test("hands every character through", async () => {
      const texts = ["Grüße 👩‍👩‍👧 n\u0303", "שלום مرحبا 你好 \u{1d54f}", '<p title="a&b">50 % + "€" = \\o/ \u200d</p>'];
      const seen = harness.textsOf(await send(envelope(texts)));
      expect(seen.length).toBeGreaterThan(0);
      expect(seen).toEqual(texts.slice(0, seen.length));
    });

    test.each(ATTACKS)("keeps %j inside the field it came in", async (attack) => {
      const harmless = await send(envelope(["One", "Two", "Three"], "x"));
      const sent = await send(envelope([`One${attack}`, `Two${attack}`, `Three${attack}`], attack));
      expect([...sent.headers.keys()]).toEqual([...harmless.headers.keys()]);
      expect([...sent.headers.values()].join("\n")).not.toMatch(/injected|evil\.example/i);
      expect(sent.url.href).toBe(harmless.url.href);
      const shape = new Set(harness.fields(harmless).keys());
      for (const [place, text] of harness.fields(sent)) {
        expect(shape, place).toContain(place);
        if (harness.isLine(place)) expect(text, place).not.toMatch(BREAKS);
      }
      expectAttempt(sent);
    });

    test("takes any text at all", async () => {
      const text = fc.string({ unit: "binary", maxLength: 200 });
      await fc.assert(
        fc.asyncProperty(text, text, text, text, async (a, b, c, hostile) => {
          const sent = await send(envelope([a, b, c], hostile));
          for (const [place, value] of harness.fields(sent)) if (harness.isLine(place)) expect(value, place).not.toMatch(BREAKS);
          expectAttempt(sent);
        }),
        { numRuns: 50 },
      );
    });

    test("reads a success", () => {
      expect(provider.decode(harness.success, account())).toMatchObject({
        outcome: "sent",
        providerMessageId: expect.stringMatching(/.+/),
      });
    });

    test.each(GARBAGE)("makes sense of %s", (_, body) => {
      for (const status of [200, 201, 202, 204, 301, 302, 400, 401, 403, 404, 408, 409, 413, 418, 429, 500, 502, 503, 504, 599]) {
        const given = answer(status, body, { "content-type": "text/html", "retry-after": "soon" });
        const receipt = provider.decode(given, account());
        expectSound(receipt);
        if (harness.takenBy?.includes(status)) continue;
        expect(receipt.outcome, `${status}`).not.toBe("sent");
        if (status < 300) expect(receipt.outcome, `${status}: it may have been taken`).toBe("unknown");
        expect(provider.probe.decode(answer(status, body))).toMatchObject({ ok: false, code: expect.stringMatching(/.+/) });
      }
    });

    test("makes sense of any answer", () => {
      fc.assert(
        fc.property(fc.integer({ min: 200, max: 599 }), fc.oneof(fc.json(), fc.string()), (status, body) => {
          expectSound(provider.decode(answer(status, body), account()));
          expect(typeof provider.probe.decode(answer(status, body)).ok).toBe("boolean");
        }),
      );
    });

    test("refuses what it cannot carry, and nothing else", () => {
      expect(provider.refuse?.(to, account()) ?? null).toBeNull();
      for (const other of harness.refuses ?? []) {
        const refusal = provider.refuse?.(other, account());
        if (!refusal) throw new Error(`${other} was not refused`);
        expectSound(refusal);
        expect(refusal.outcome).toBe("permanent"); // it may be well, and another connection's
      }
    });

    const { session } = provider;
    if (session) {
      describe("opens a session", () => {
        const open = async (endpoint?: string) => session.open(account(endpoint), CONTEXT);

        test("with a token, or by a request under the connection's endpoint that gives no secret away", async () => {
          const [one, again, there] = [await open(), await open(), await open(ENDPOINT)];
          if (!(one instanceof Request && again instanceof Request && there instanceof Request)) {
            expect(one).toMatchObject({
              token: expect.stringMatching(/^[\x21-\x7e]+$/),
              expiresAt: expect.toSatisfy((at) => at > CONTEXT.now),
            });
            expect(again).toEqual(one);
            return;
          }
          const sent = await read(one);
          expect(await read(again)).toMatchObject({ url: sent.url, body: sent.body });
          expect(new URL(there.url).href.startsWith(`${ENDPOINT}/`)).toBe(true);
          for (const { value: secret } of secretsOf(harness)) {
            expect(sent.url.href + sent.body + [...sent.headers.values()].join()).not.toContain(secret);
          }
        });

        test("and reads every answer to it", () => {
          if (session.read === undefined) return;
          if (harness.sessionAnswer === undefined) throw new Error("the harness has no sessionAnswer");
          expect(session.read(harness.sessionAnswer, CONTEXT)).toMatchObject({
            token: expect.stringMatching(/.+/),
            expiresAt: expect.toSatisfy((at: number) => at > CONTEXT.now),
          });
          for (const [, body] of GARBAGE) {
            for (const status of [200, 204, 302, 400, 401, 403, 404, 408, 429, 500, 503, 599]) {
              const failed = session.read(answer(status, body), CONTEXT);
              if (!("outcome" in failed)) throw new Error(`${status} was read as a token`);
              expectSound(failed);
              expect(failed.outcome, "nothing was sent").not.toBe("unknown");
            }
          }
        });

        test("and shows its token to the provider only", async () => {
          const sent = await send(plain);
          expect([...sent.headers.values()].join()).toContain(CONTEXT.session);
          expect(sent.url.href + sent.body).not.toContain(CONTEXT.session);
        });
      });
    }

    describe("classifies", () => {
      test("every row of the published table, and no other", () => {
        const known = [...Object.keys(harness.answers), ...Object.keys(harness.elsewhere)];
        expect(known.sort()).toEqual(harness.table.rows.map((r) => r.match).sort());
      });

      test.each(harness.table.rows.filter((r) => r.match in harness.answers))("$match as $class", (row) => {
        const answers = harness.answers[row.match] ?? [];
        expect(answers.length).toBeGreaterThan(0);
        for (const given of answers) {
          const receipt = provider.decode(given, account());
          expectSound(receipt);
          expect(receipt.outcome, given.body).toBe(harness.otherwise?.[row.match] ?? OUTCOME_OF_CLASS[row.class]);
          const hours = /^(\d+)\+/.exec(String(row.retry_s ?? ""))?.[1];
          if (hours !== undefined)
            expect(receipt).toMatchObject({ retryAfterMs: expect.toSatisfy((ms: number) => ms >= Number(hours) * 1000) });
        }
      });
    });
  });
}

interface Placed {
  readonly path: readonly string[];
  readonly value: string;
}

function textsOf(credentials: ProviderHarness["account"]["credentials"]): Placed[] {
  return Object.entries(credentials).flatMap(([field, value]): Placed[] =>
    typeof value === "string"
      ? [{ path: [field], value }]
      : Object.entries(value).map(([name, inner]) => ({ path: [field, name], value: inner })),
  );
}

function secretsOf(harness: ProviderHarness): Placed[] {
  return textsOf(harness.account.credentials).filter(({ path }) => !harness.open.includes(path[0] ?? ""));
}

async function read(request: Request): Promise<Sent> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  return {
    method: request.method,
    url: new URL(request.url),
    headers: request.headers,
    body: new TextDecoder().decode(bytes),
    bytes,
  };
}
