/**
 * `npm run chaos`: prints one JSON object, and ends with 1 where the books of a run do not balance.
 *
 *     --seed N        everything that is left to chance follows from it; a new one unless set
 *     --seconds N     about how long the whole takes (90)
 *     --messages N    about how many (3000)
 *     --only NAME     calm (nothing that could lose a provider's answer) or storm
 */
import { parseArgs } from "node:util";
import { type Report, run, SCENARIOS } from "./scenario.ts";

/** Of a run's seconds, customers send; the rest is starting, settling and reading. */
const LOAD_SHARE = 0.5;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    seconds: { type: "string", default: "90" },
    messages: { type: "string", default: "3000" },
    only: { type: "string" },
  },
});

function whole(name: "seed" | "seconds" | "messages"): number {
  const n = Number(values[name]);
  if (!Number.isInteger(n) || n < 1) throw new Error(`--${name} must be a whole number above 0, not ${values[name]}`);
  return n;
}

const [seed, seconds, messages] = [whole("seed"), whole("seconds"), whole("messages")];
const scenarios = SCENARIOS.filter(({ name }) => values.only === undefined || values.only === name);
if (scenarios.length === 0) throw new Error(`there is no scenario ${values.only}`);

console.error(`seed ${seed}`);
const shares = scenarios.reduce((sum, { share }) => sum + share, 0);
const reports: Report[] = [];
for (const scenario of scenarios) {
  const share = scenario.share / shares;
  const size = { seed, messages: Math.round(messages * share), loadMs: Math.round(seconds * 1000 * LOAD_SHARE * share) };
  reports.push(await run(scenario, size, (line) => console.error(line)));
}
const isBalanced = reports.every(({ imbalances }) => imbalances.length === 0);
console.log(JSON.stringify({ seed, balanced: isBalanced, runs: reports }, null, 2));
process.exit(isBalanced ? 0 : 1);
