/** Every seed of `npm run chaos` that ever failed, in short runs. That the books can fail to balance, bench/chaos/balance.test.ts shows. */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import seeds from "../bench/chaos/seeds.json" with { type: "json" };

const RUN = join(dirname(dirname(fileURLToPath(import.meta.url))), "bench/chaos/run.ts");
const ENDED_WITHIN_MS = 240_000;

interface Outcome {
  readonly runs: readonly {
    readonly accepted: number;
    readonly imbalances: readonly object[];
    readonly evidence: readonly object[];
  }[];
}

async function chaos(seed: number, only: string): Promise<{ code: number | null; outcome: Outcome }> {
  const argv = ["--seed", String(seed), "--only", only, "--seconds", "20", "--messages", "700"];
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", RUN, ...argv], {
    env: { ...process.env, NODE_OPTIONS: "" },
    stdio: ["ignore", "pipe", "ignore"],
    timeout: ENDED_WITHIN_MS,
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, outcome: JSON.parse(text) as Outcome };
}

describe("whatever breaks, the books balance", { concurrent: true }, () => {
  test.each(seeds)(
    "seed $seed, $only: $found",
    async ({ seed, only }) => {
      const { code, outcome } = await chaos(seed, only);
      const [run] = outcome.runs;
      expect({ imbalances: run?.imbalances, evidence: run?.evidence }).toEqual({ imbalances: [], evidence: [] });
      expect(run?.accepted).toBeGreaterThanOrEqual(700);
      expect(code).toBe(0);
    },
    ENDED_WITHIN_MS + 10_000,
  );
});
