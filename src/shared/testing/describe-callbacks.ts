/**
 * What every reader of callbacks must hold. Its test is a harness and one call:
 *
 *     describeCallbacks({ provider: sendgrid, verification: {…}, … });
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { EVENT_TYPES } from "../core/status.ts";
import type { Callback, CallbackContext, CallbackReading, HttpProvider, ProviderSignal } from "../providers/provider.ts";
import { ATTEMPT_ID } from "./describe-provider.ts";

export interface CallbackHarness {
  readonly provider: HttpProvider;
  /** As a caller would give it. */
  readonly verification: Readonly<Record<string, unknown>>;
  /** Another one, of somebody else: it must verify nothing. */
  readonly foreign: Readonly<Record<string, unknown>>;
  /** The provider's own event, wrapped and signed as it would be at that time. `event` may be any JSON. */
  readonly genuine: (event: unknown, atMs: number) => Promise<Callback>;
  /** Event → the one signal that it means, or null for none. At least one carries ATTEMPT_ID. */
  readonly samples: Readonly<Record<string, readonly [event: unknown, signal: Partial<ProviderSignal> | null]>>;
  /** The published map of the provider's events, from testing/specs: event → what it is to us, in words. */
  readonly published: Readonly<Record<string, string>>;
  /** Its rows whose samples are not named as the row is → names of samples. */
  readonly named?: Readonly<Record<string, readonly string[]>>;
  /** Its rows that we read otherwise → why. */
  readonly otherwise?: Readonly<Record<string, string>>;
  /** Several events in one callback, where the provider sends such. */
  readonly together?: (events: readonly unknown[]) => unknown;
  /** How long a callback is good for; null where it has no timestamp. */
  readonly windowMs: number | null;
  /** Whether any changed byte of the body is noticed. */
  readonly isBodySigned: boolean;
  /** Set where the event stands in the URL's query, and there is no body. */
  readonly inUrl?: true;
  /** Headers without which nothing is believed. */
  readonly headers: readonly string[];
  readonly certificate?: CallbackContext["certificate"];
}

const NOW = Date.UTC(2026, 10, 20, 12);

/** Words of the published map → our type. A soft bounce is a bounce: what it is not, is a reason to suppress. */
const MEANINGS: readonly (readonly [words: RegExp, type: ProviderSignal["type"]])[] = [
  [/^accepted/, "sent"],
  [/^delivered/, "delivered"],
  [/^delayed/, "deferred"],
  [/^bounced|^failed (soft|\(soft|content)/, "bounced"],
  [/^failed|^rejected/, "failed"],
];

export function describeCallbacks(harness: CallbackHarness): void {
  const { provider, genuine } = harness;
  const callbacks = provider.callbacks;
  if (callbacks === undefined) throw new Error(`${provider.id} has no callbacks`);
  const certificate = harness.certificate ?? (() => Promise.reject(new Error("it needs no certificate")));
  const read = (callback: Callback, now = NOW, verification = harness.verification): Promise<CallbackReading> =>
    callbacks.read(callback, callbacks.verification.parse(verification), { now, certificate });
  const samples = Object.entries(harness.samples);
  const someSample = samples.find(([, [, signal]]) => signal !== null)?.[1][0];

  async function signals(event: unknown): Promise<readonly ProviderSignal[]> {
    const reading = await read(await genuine(event, NOW));
    return reading.kind === "signals" ? reading.signals : [];
  }

  describe(`callbacks of ${provider.id}`, () => {
    test("are verified by what a JSON Schema of an object describes", () => {
      const schema = z.toJSONSchema(callbacks.verification, { io: "input" });
      expect(schema).toMatchObject({ type: "object", additionalProperties: false });
      expect(callbacks.verification.safeParse({}).success).toBe(false);
    });

    test.each(samples)("mean what they say: %s", async (_, [event, expected]) => {
      const reading = await read(await genuine(event, NOW));
      if (expected === null) {
        expect(reading).toEqual({ kind: "ignored" });
        return;
      }
      if (reading.kind !== "signals") throw new Error(`read as ${JSON.stringify(reading)}`);
      expect(reading.signals).toHaveLength(1);
      for (const signal of reading.signals) expectSound(signal);
      expect(reading.signals[0]).toMatchObject(expected);
      if (!("suppress" in expected)) expect(reading.signals[0]).not.toHaveProperty("suppress");
    });

    describe("mean what the published map says", () => {
      test.each(Object.entries(harness.published).filter(([row]) => !(row in (harness.otherwise ?? {}))))(
        "%s: %s",
        (row, words) => {
          const [, type] = MEANINGS.find(([pattern]) => pattern.test(words)) ?? [];
          for (const name of harness.named?.[row] ?? [row]) {
            const [, signal] = harness.samples[name] ?? [];
            if (signal === undefined) throw new Error(`there is no sample ${name}`);
            if (type !== undefined) expect(signal?.type, name).toBe(type);
            if (/\+ suppress|: suppress/.test(words)) expect(signal, name).toHaveProperty("suppress");
            if (/soft|no suppress/.test(words)) expect(signal, name).not.toHaveProperty("suppress");
          }
        },
      );
    });

    test("name the attempt that we put there, and no other", async () => {
      const found = (await Promise.all(samples.map(([, [event]]) => signals(event)))).flat();
      expect(found.some((signal) => signal.attemptId === ATTEMPT_ID)).toBe(true);
      for (const other of ["att_1", "'; DROP TABLE", `${ATTEMPT_ID}0`, ""]) {
        const event = JSON.parse(JSON.stringify(someSample).replaceAll(ATTEMPT_ID, other)) as unknown;
        expect((await signals(event)).map((signal) => signal.attemptId)).toEqual([null]);
      }
    });

    test("have the same keys when they come again, and no two events have one key", async () => {
      const [one, two] = [await keysOf(), await keysOf()];
      expect(one).toEqual(two);
      expect(new Set(one).size).toBe(one.length);
      async function keysOf() {
        const lists = await Promise.all(samples.map(([, [event]]) => signals(event)));
        return lists.flat().map((signal) => signal.key);
      }
    });

    test.runIf(harness.together !== undefined)("mean the same in any order", async () => {
      const events = samples.map(([, [event]]) => event);
      const there = await signals(harness.together?.(events));
      const back = await signals(harness.together?.(events.toReversed()));
      expect(back.toReversed()).toEqual(there);
      expect(there.length).toBeGreaterThan(1);
    });

    test("are forged without what proves them", async () => {
      const callback = await genuine(someSample, NOW);
      for (const name of harness.headers) {
        const headers = new Headers(callback.headers);
        headers.delete(name);
        expect(await read({ ...callback, headers }), name).toMatchObject({ kind: "forged" });
        for (const wrong of ["", "x", "v1,", "MEUCIQ==", "Basic !", `${callback.headers.get(name)}x`, "é".repeat(100)]) {
          const changed = new Headers(callback.headers);
          changed.set(name, encodeURI(wrong));
          expect(await read({ ...callback, headers: changed }), `${name}: ${wrong}`).toMatchObject({ kind: "forged" });
        }
      }
    });

    test("are forged when somebody else proved them", async () => {
      expect(await read(await genuine(someSample, NOW), NOW, harness.foreign)).toMatchObject({ kind: "forged" });
    });

    test.runIf(harness.windowMs !== null)("are forged when they are replayed later, or come from the future", async () => {
      const windowMs = harness.windowMs ?? 0;
      const callback = await genuine(someSample, NOW);
      for (const apart of [windowMs - 1000, 1000 - windowMs]) {
        expect(await read(callback, NOW + apart), `${apart}`).toMatchObject({ kind: "signals" });
      }
      for (const apart of [windowMs + 1000, -windowMs - 1000, 86_400_000, Number.MAX_SAFE_INTEGER]) {
        expect(await read(callback, NOW + apart), `${apart}`).toMatchObject({ kind: "forged" });
      }
    });

    /** The same callback that says something else where its event stands. */
    const saying = (callback: Callback, bytes: Uint8Array): Callback => {
      if (harness.inUrl === undefined) return { ...callback, body: bytes };
      const url = new URL(callback.url);
      url.search = new TextDecoder().decode(bytes);
      return { ...callback, url };
    };
    const saidIn = (callback: Callback) =>
      harness.inUrl === undefined ? callback.body : new TextEncoder().encode(callback.url.search);

    test("are worth nothing when they were cut short", async () => {
      const callback = await genuine(someSample, NOW);
      const said = saidIn(callback);
      const { length } = said;
      for (const end of [0, 1, 2, 10, Math.floor(length / 2), length - 2, length - 1]) {
        const reading = await read(saying(callback, said.slice(0, end)));
        expect(harness.isBodySigned ? ["forged"] : ["forged", "ignored"], `${end} bytes`).toContain(reading.kind);
      }
    });

    test.runIf(harness.isBodySigned)("are forged with any character changed", async () => {
      const callback = await genuine(someSample, NOW);
      // The last one of each field may carry bits that base64 leaves unused, so the event itself is changed.
      const at = Math.max(1, new TextDecoder().decode(saidIn(callback)).indexOf(ATTEMPT_ID));
      for (const i of [at, at + 10, at + 20]) {
        const changed = saidIn(callback).slice();
        changed[i] = (changed[i] ?? 0) ^ 1;
        expect(await read(saying(callback, changed)), `${i}`).toMatchObject({ kind: "forged" });
      }
    });

    test("are never believed, and never break anything, when they are garbage", async () => {
      const callback = await genuine(someSample, NOW);
      const bodies = ["", "null", "[]", "{}", "[[]]", '"x"', "{", "\u0000", "x".repeat(100_000), "[".repeat(50_000)];
      for (const text of bodies) {
        const reading = await read(saying(callback, new TextEncoder().encode(text)));
        expect(["forged", "ignored"], text.slice(0, 20)).toContain(reading.kind);
      }
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      expect((await read(saying(callback, bytes))).kind).not.toBe("signals");
      expect((await read({ ...callback, headers: new Headers() })).kind).toMatch(harness.headers.length > 0 ? /forged/ : /./);
    });

    test("are sound whatever is in them, as long as it is genuine", async () => {
      const mutated = fc.oneof(fc.jsonValue(), ...samples.map(([, [event]]) => mutant(event)));
      await fc.assert(
        fc.asyncProperty(mutated, async (event) => {
          const reading = await read(await genuine(event, NOW));
          expect(["signals", "ignored"]).toContain(reading.kind);
          if (reading.kind === "signals") for (const signal of reading.signals) expectSound(signal);
        }),
        { numRuns: 150 },
      );
    });
  });
}

/** The event with one of its values, anywhere, replaced by any other. */
function mutant(event: unknown): fc.Arbitrary<unknown> {
  const places: string[] = [];
  JSON.stringify(event, (key, value: unknown) => {
    places.push(key);
    return value;
  });
  return fc.tuple(fc.nat({ max: places.length - 1 }), fc.jsonValue()).map(([place, value]) => {
    let at = -1;
    return JSON.parse(
      JSON.stringify(event, (_, inner: unknown) => {
        at += 1;
        return at === place ? value : inner;
      }) ?? "null",
    ) as unknown;
  });
}

/** A signal that may be written into a row: closed type, one short line each. */
function expectSound(signal: ProviderSignal): void {
  expect(EVENT_TYPES).toContain(signal.type);
  expect(signal.key).toMatch(/^.{1,400}$/s);
  expect(Number.isSafeInteger(signal.at) && signal.at > 0).toBe(true);
  for (const id of [signal.attemptId, signal.providerMessageId]) expect(id).not.toBe("");
  if (signal.attemptId !== null) expect(signal.attemptId).toBe(ATTEMPT_ID);
  for (const text of [signal.recipient, signal.code, signal.reason]) {
    if (text !== undefined) expect(text).toMatch(/^[^\r\n]{1,300}$/);
  }
}
