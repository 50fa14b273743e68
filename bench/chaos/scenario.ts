/** One run: customers send while things break, then nothing breaks any more, and the books are balanced. */
import type { ChaosPlan } from "../../src/shared/adapters/chaos.ts";
import type { Timing } from "../../src/shared/core/timing.ts";
import { type Balance, balance, type Seen } from "./balance.ts";
import { type Carriers, startCarriers, tally, type Weather } from "./carriers.ts";
import { Chance } from "./chance.ts";
import { Client, eachOf } from "./client.ts";
import { makeTenants, type Placed, place, until } from "./customers.ts";
import { Machine } from "./machine.ts";
import { ordersOf } from "./orders.ts";

/** What breaks. */
export interface Scenario {
  readonly name: string;
  /** Of the bindings, while customers send. */
  readonly chaos: Omit<ChaosPlan, "seed">;
  readonly timing: Partial<Timing>;
  readonly weather: Weather;
  /** In a quarter of the time. */
  readonly badWeather: Weather;
  /** Between power cuts, seconds; null for none. */
  readonly cutsEverySeconds: readonly [least: number, most: number] | null;
  /** Of the messages and of the time. */
  readonly share: number;
}

/** Nothing that could lose an answer of a provider: here nothing may come twice. */
const CALM: Scenario = {
  name: "calm",
  chaos: {
    d1FailBefore: 0.01,
    d1FailAfter: 0.005,
    queueFailBefore: 0.01,
    queueFailAfter: 0.01,
    queueDuplicate: 0.1,
    queueDrop: 0.03,
    queueDelayMs: 1500,
    evict: 0.003,
  },
  timing: {
    leaseMs: 12_000,
    startWithinMs: 3_000,
    carryWithinMs: 3_000,
    inDoubtWaitMs: 2_000,
    faultWaitMs: 1_000,
    sweepEveryMs: 1_000,
    ringAgainMs: 1_000,
    breakerOpenMs: 1_000,
  },
  weather: { failing: 0.06, lostBefore: 0.02, lostAfter: 0, refused: 0.02 },
  badWeather: { failing: 0.4, lostBefore: 0.1, lostAfter: 0, refused: 0 },
  cutsEverySeconds: null,
  share: 1 / 3,
};

const STORM: Scenario = {
  name: "storm",
  chaos: { ...CALM.chaos, d1FailBefore: 0.02, d1FailAfter: 0.015 },
  timing: { ...CALM.timing, leaseMs: 6_000, startWithinMs: 2_000, carryWithinMs: 2_000 },
  weather: { failing: 0.05, lostBefore: 0.03, lostAfter: 0.03, refused: 0.02 },
  badWeather: { failing: 0.34, lostBefore: 0.08, lostAfter: 0.08, refused: 0 },
  cutsEverySeconds: [2, 7],
  share: 2 / 3,
};

export const SCENARIOS: readonly Scenario[] = [CALM, STORM];

const FAIR: Weather = { failing: 0, lostBefore: 0, lostAfter: 0, refused: 0 };
const SETTLED_WITHIN_MS = 60_000;
/** Nothing may come after the end either. */
const STILL_MS = 3_000;
const LOOK_EVERY_MS = 500;
const READERS = 16;

export interface Size {
  readonly seed: number;
  readonly messages: number;
  /** While customers send. */
  readonly loadMs: number;
}

export interface Report extends Balance {
  readonly scenario: string;
  readonly seconds: { readonly load: number; readonly settling: number };
  /** When, and when it was up again. */
  readonly power_cuts: readonly (readonly [cut: string, up: string])[];
  /** Fault → times: those of the bindings that reached the log, and what providers did with calls. */
  readonly faults: Readonly<Record<string, number>>;
  readonly provider_calls: Readonly<Record<string, number>>;
  readonly requests: {
    readonly answers: Readonly<Record<string, number>>;
    readonly repeats: number;
    readonly replayed: number;
    readonly cancels: number;
  };
  /** What the Workers logged as errors and warnings, by event. */
  readonly logged: Readonly<Record<string, number>>;
}

export async function run(scenario: Scenario, size: Size, say: (line: string) => void): Promise<Report> {
  const { seed } = size;
  const machine = new Machine();
  const carriers = await startCarriers(new Chance(seed, `${scenario.name} carriers`));
  const client = new Client(machine);
  const calm = { TIMING: JSON.stringify(scenario.timing) };
  let starts = 0;
  const start = () => machine.start({ ...calm, CHAOS: JSON.stringify({ ...scenario.chaos, seed: seed + starts++ }) });
  try {
    const { operatorKey } = await machine.start(calm);
    const keys = await makeTenants(client, operatorKey, carriers);
    await machine.stop();
    await start();
    say(`${scenario.name}: up`);

    const began = Date.now();
    const end = began + size.loadMs;
    client.giveUpAt = end + SETTLED_WITHIN_MS;
    const [placed, cuts] = await Promise.all([
      place(client, keys, ordersOf(seed, size.messages, size.loadMs), seed),
      cutPower(scenario, seed, end, machine, { again: start, last: () => machine.start(calm) }),
      changeWeather(scenario, carriers, began, size.loadMs),
    ]);
    say(`${scenario.name}: ${placed.accepted.length} accepted, ${cuts.length} power cuts`);
    const loaded = Date.now();
    await settle(client, keys, placed, loaded + SETTLED_WITHIN_MS);
    const settled = Date.now();
    say(`${scenario.name}: settled after ${settled - loaded} ms`);
    await until(Date.now() + STILL_MS);
    client.giveUpAt = Date.now() + SETTLED_WITHIN_MS;
    const books = await booksOf(scenario, client, keys, placed, carriers);
    const balanced = balance(books);
    const log = machine.log();
    return {
      scenario: scenario.name,
      seconds: { load: (loaded - began) / 1000, settling: (settled - loaded) / 1000 },
      power_cuts: cuts,
      ...balanced,
      imbalances: [
        ...balanced.imbalances,
        ...placed.strange.map((what) => ({ rule: "answer", id: "", what })),
        ...carriers.malformed().map((what) => ({ rule: "malformed", id: "", what })),
      ],
      faults: tally(log.filter(({ event }) => event === "chaos").map(({ fault }) => String(fault))),
      provider_calls: carriers.calls(),
      requests: {
        answers: client.tally,
        repeats: placed.repeats,
        replayed: placed.replayed,
        cancels: placed.cancels,
      },
      logged: tally(
        log
          .filter(({ level }) => level === "error" || level === "warn")
          .map((line) => String(line.event ?? line.message).slice(0, 120)),
      ),
    };
  } finally {
    await machine.remove();
    await carriers.close();
  }
}

/** Cuts the power at random moments until `end`, and a last time then. */
async function cutPower(
  { cutsEverySeconds, name }: Scenario,
  seed: number,
  end: number,
  machine: Machine,
  start: { again: () => Promise<unknown>; last: () => Promise<unknown> },
): Promise<Report["power_cuts"]> {
  if (cutsEverySeconds === null) return [];
  const chance = new Chance(seed, `${name} cuts`);
  const [least, most] = cutsEverySeconds;
  const cuts: (readonly [string, string])[] = [];
  for (let isLast = false; !isLast; ) {
    await until(Math.min(end, Date.now() + chance.between(least * 1000, most * 1000)));
    const cutAt = new Date().toISOString();
    await machine.cutPower();
    isLast = Date.now() >= end;
    await (isLast ? start.last() : start.again());
    cuts.push([cutAt, new Date().toISOString()]);
  }
  return cuts;
}

async function changeWeather(
  { weather, badWeather }: Scenario,
  carriers: Carriers,
  began: number,
  loadMs: number,
): Promise<void> {
  carriers.turn(weather);
  await until(began + loadMs * 0.45);
  carriers.turn(badWeather);
  await until(began + loadMs * 0.7);
  carriers.turn(weather);
  await until(began + loadMs);
  carriers.turn(FAIR);
}

const OPEN: ReadonlySet<string> = new Set(["scheduled", "queued", "processing"]);

/** Until no message is open, or `end`. */
async function settle(client: Client, keys: readonly string[], placed: Placed, end: number): Promise<void> {
  let open = placed.accepted;
  while (open.length > 0 && Date.now() < end) {
    const still: typeof open = [];
    await eachOf(open, READERS, async (message) => {
      const answer = await client.ask({ key: keys[message.tenant] ?? "", path: `/v1/messages/${message.id}` });
      if (answer.status === 200 && OPEN.has((answer.body as Seen).status)) still.push(message);
    });
    open = still;
    if (open.length > 0) await until(Date.now() + LOOK_EVERY_MS);
  }
}

async function booksOf(scenario: Scenario, client: Client, keys: readonly string[], placed: Placed, carriers: Carriers) {
  const seen = new Map<string, Seen>();
  await eachOf(placed.accepted, READERS, async ({ id, tenant }) => {
    const answer = await client.ask({ key: keys[tenant] ?? "", path: `/v1/messages/${id}` });
    if (answer.status === 200) seen.set(id, answer.body as Seen);
  });
  const idsOf = async (key: string) => (await client.all<{ id: string }>(key, "/v1/messages")).map(({ id }) => id);
  const lettersOf = async (key: string) =>
    (await client.all<{ message_id: string; state: string }>(key, "/v1/dead-letters"))
      .filter(({ state }) => state === "open")
      .map(({ message_id }) => message_id);
  return {
    accepted: placed.accepted,
    seen,
    listed: await Promise.all(keys.map(idsOf)),
    letters: (await Promise.all(keys.map(lettersOf))).flat(),
    taken: carriers.taken(),
    mayDouble: scenario.cutsEverySeconds !== null || scenario.weather.lostAfter > 0,
  };
}
