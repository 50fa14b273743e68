/**
 * `npm run bench`: prints one JSON object. How fast, how fair, and what a message costs.
 *
 * Environment: N single sends (5000) at concurrency C (32); BATCHES of 1,000 recipients (50); BACKLOG of bulk
 * before the probes of fairness (100000); RUNS of the throughput measures, each on an empty stack, of which every
 * number's median is given (3); CALLFULS of low-priority mail over SendGrid (100000); CALLBACKS of a provider
 * (6000); ONLY=fairness, by_the_call or callbacks for that alone.
 */
import { byTheCall } from "./by-the-call.ts";
import { callbacks } from "./callbacks.ts";
import { environment } from "./environment.ts";
import { fairness } from "./fairness.ts";
import { bill, charge, sendBatches, sendSingles } from "./ledger.ts";
import { medians } from "./medians.ts";
import { PRICES_READ_ON } from "./prices.ts";
import { type Mock, type Stack, setUp, startMock, startStack } from "./stack.ts";
import { batch, type Sizes, single } from "./throughput.ts";

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const sizes: Sizes = {
  n: number("N", 5000),
  concurrency: number("C", 32),
  batches: number("BATCHES", 50),
  batchSize: 1000,
  batchConcurrency: 4,
};

/** Runs `work` on an empty stack with a mock provider of its own. */
async function on<T>(ledger: boolean, work: (stack: Stack, mock: Mock) => Promise<T>): Promise<T> {
  const mock = await startMock();
  const stack = await startStack({ ledger });
  try {
    for (const key of [stack.liveKey, stack.otherKey]) await setUp(stack, key, mock);
    return await work(stack, mock);
  } finally {
    await stack.stop();
    await mock.stop();
  }
}

const measureFairness = () => on(false, (stack, mock) => fairness(stack, mock, number("BACKLOG", 100_000)));
if (process.env.ONLY === "fairness") {
  console.log(JSON.stringify({ environment: environment(), fairness: await measureFairness() }, null, 2));
  process.exit(0);
}

const measureByTheCall = () => byTheCall(number("CALLFULS", 100_000));
if (process.env.ONLY === "by_the_call") {
  console.log(JSON.stringify({ environment: environment(), by_the_call: await measureByTheCall() }, null, 2));
  process.exit(0);
}

const measureCallbacks = () => on(true, (stack, mock) => callbacks(stack, mock, number("CALLBACKS", 6000)));
if (process.env.ONLY === "callbacks") {
  console.log(JSON.stringify({ environment: environment(), callbacks: await measureCallbacks() }, null, 2));
  process.exit(0);
}

const singles = [];
const batches = [];
for (let run = 0; run < number("RUNS", 3); run++) {
  const { one, many } = await on(false, async (stack, mock) => ({
    one: await single(stack, mock, sizes),
    many: await batch(stack, mock, sizes),
  }));
  singles.push(one);
  batches.push(many);
  console.error(
    `run ${run + 1}: ${one.accepted_per_s} accepted/s, ${one.delivered_per_s} delivered/s, batch ${many.accepted_per_s}/s`,
  );
}
const singleMedians = medians(singles);
const batchMedians = medians(batches);
const fair = await measureFairness();
const callfuls = await measureByTheCall();
const calledBack = await measureCallbacks();

const ledger = await on(true, async (stack, mock) => {
  await charge(stack, mock, () => sendSingles(stack, 300, 32)); // warm: templates, connections and keys are cached
  const loaded = await charge(stack, mock, () => sendSingles(stack, 3000, sizes.concurrency));
  const alone = await charge(stack, mock, () => sendSingles(stack, 40, 1, 250));
  const many = await charge(stack, mock, () => sendBatches(stack, 10, sizes.batchSize, sizes.batchConcurrency));
  const hundreds = await charge(stack, mock, () => sendBatches(stack, 30, 100, sizes.batchConcurrency));
  return {
    prices_read_on: PRICES_READ_ON,
    single: bill(loaded, singleMedians.cpu_s_per_1000),
    single_alone: bill(alone, singleMedians.cpu_s_per_1000),
    batch_of_1000: bill(many, batchMedians.cpu_s_per_1000),
    batch_of_100: bill(hundreds, batchMedians.cpu_s_per_1000),
  };
});

console.log(
  JSON.stringify(
    {
      environment: environment(),
      single: singleMedians,
      batch: batchMedians,
      fairness: fair,
      by_the_call: callfuls,
      callbacks: calledBack,
      ledger,
    },
    null,
    2,
  ),
);
