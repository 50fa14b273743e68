/** The providers of the storm: doubles that misbehave by chance, and a journal of what each of them took. */
import type { Behaviour, Double } from "../../e2e/mocks/double.ts";
import { type SesFailure, type SesMessage, startSesMock } from "../../e2e/mocks/ses.ts";
import { startTwilioMock, type TwilioFailure, type TwilioMessage } from "../../e2e/mocks/twilio.ts";
import { parseAttemptId } from "../../src/shared/core/ids.ts";
import type { Chance } from "./chance.ts";

const AWS = { accessKeyId: "AKIACHAOS", secretAccessKey: "chaos-secret", region: "eu-west-1" };
const TWILIO = { accountSid: `AC${"c".repeat(32)}`, authToken: "chaos-token" };

/** A message that a provider took: a real one would send it. */
export interface Taken {
  readonly provider: string;
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** As we told the provider; null where no slot came with it. */
  readonly messageId: string | null;
}

/** What may go wrong with a call, by its share of all calls. */
export interface Weather {
  /** Refused for the time being: 500s and 429s. */
  readonly failing: number;
  /** Gone with nothing taken: hung up on, never answered, or answered with garbage. */
  readonly lostBefore: number;
  /** Taken, and gone the same ways. */
  readonly lostAfter: number;
  /** Refused for good. */
  readonly refused: number;
}

export interface Carriers {
  /** Bodies for `POST /v1/connections`. */
  readonly connections: readonly object[];
  readonly calls: () => Record<string, number>;
  readonly taken: () => Taken[];
  /** Calls that a real provider would have refused: defects of ours. */
  readonly malformed: () => string[];
  turn(weather: Weather): void;
  close(): Promise<void>;
}

const SLOWEST_MS = 120;

export async function startCarriers(chance: Chance): Promise<Carriers> {
  const [first, second, twilio] = await Promise.all([startSesMock(AWS), startSesMock(AWS), startTwilioMock(TWILIO)]);
  const doubles = { ses_first: first, ses_second: second, twilio };
  const all = Object.values(doubles) as readonly Double<SesMessage | TwilioMessage, never>[];
  const email = (name: string, priority: number, endpoint: string) => ({
    channel: "email",
    provider: "ses",
    name,
    priority,
    credentials: { access_key_id: AWS.accessKeyId, secret_access_key: AWS.secretAccessKey },
    settings: { region: AWS.region, from: "shop@example.com", endpoint },
  });
  return {
    connections: [
      email("First", 1, first.url),
      email("Second", 2, second.url),
      {
        channel: "sms",
        provider: "twilio",
        name: "Only",
        priority: 1,
        credentials: { account_sid: TWILIO.accountSid, auth_token: TWILIO.authToken },
        settings: { from: "+15005550006", endpoint: twilio.url },
      },
    ],
    calls: () => tally(all.flatMap(({ received }) => received.map(({ outcome }) => outcome))),
    taken: () => [
      ...mails("ses_first", first),
      ...mails("ses_second", second),
      ...twilio.received
        .filter(({ outcome }) => outcome === "accepted")
        .map(({ to, at, callbackUrl }) => ({ provider: "twilio", to, at, messageId: messageOfCallback(callbackUrl) })),
    ],
    malformed: () => all.flatMap(({ refused }) => refused.map(({ why }) => why)),
    turn(weather) {
      for (const double of [first, second]) double.steer(() => behaviour<SesFailure>(chance, weather, SES_FAILS, "rejected"));
      twilio.steer(() => behaviour<TwilioFailure>(chance, weather, TWILIO_FAILS, { code: 21610 }));
    },
    async close() {
      await Promise.all([first.close(), second.close(), twilio.close()]);
    },
  };
}

const SES_FAILS: readonly SesFailure[] = [
  "internal",
  "unavailable",
  "too_many_requests",
  "sending_rate",
  { status: 502, body: "<html>Bad gateway" },
];
const TWILIO_FAILS: readonly TwilioFailure[] = [
  { code: 20429, status: 429 },
  { code: 20500, status: 500 },
  { status: 503, headers: { "content-type": "text/html" }, body: "<html>" },
];

function behaviour<F>(chance: Chance, weather: Weather, fails: readonly F[], refusal: F): Behaviour<F> {
  const { failing, lostBefore, lostAfter, refused } = weather;
  const delayMs = chance.between(0, SLOWEST_MS);
  const kind = chance.pick<"well" | "failing" | "before" | "after" | "refused">([
    [Math.max(0, 1 - failing - lostBefore - lostAfter - refused), "well"],
    [failing, "failing"],
    [lostBefore, "before"],
    [lostAfter, "after"],
    [refused, "refused"],
  ]);
  switch (kind) {
    case "well":
      return { delayMs };
    case "failing":
      return { delayMs, fail: chance.pick(fails.map((fail) => [1, fail])) };
    case "refused":
      return { fail: refusal };
    case "before":
    case "after":
      return {
        delayMs,
        ...chance.pick<Behaviour<F>>([
          [3, { drop: kind }],
          [1, { hang: kind }],
          [2, { garbage: kind }],
        ]),
      };
  }
}

function mails(provider: string, { received }: Double<SesMessage, SesFailure>): Taken[] {
  return received
    .filter(({ outcome }) => outcome === "accepted")
    .map(({ to, at, tags }) => ({ provider, to, at, messageId: tags.message_id ?? null }));
}

function messageOfCallback(url: string | null): string | null {
  const attempt = url === null ? null : new URL(url).searchParams.get("attempt");
  return attempt === null ? null : (parseAttemptId(attempt)?.messageId ?? null);
}

export function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
