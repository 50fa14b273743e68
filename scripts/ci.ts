/** The checks of .ci/run, which see. Prints what each said where it failed, and the totals in the last line. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ROOT } from "./local/configs.ts";

const GUARD_WITHIN_MS = 180_000;
const TESTS_WITHIN_MS = 900_000;
/** Of what a failed guard said. */
const OUTPUT_LINES = 200;

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

interface Counts {
  passed: number;
  failed: number;
}

type Guard = readonly [name: string, run: () => Promise<Outcome>];

const temporary = mkdtempSync(join(tmpdir(), "carillon-ci-"));
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));

const GUARDS: readonly Guard[] = [
  ["types of the Workers", () => run("tsc", ["-p", "tsconfig.json"])],
  ["types of scripts, bench and end-to-end tests", () => run("tsc", ["-p", "tsconfig.node.json"])],
  ["lint and format", () => run("biome", ["ci", "--error-on-warnings", "--colors=off"])],
  ["generated files are fresh", () => runScript("scripts/generate.ts", "--check")],
  ["migrations of the control database are fresh", () => migrationsAreFresh("control")],
  ["migrations of the message databases are fresh", () => migrationsAreFresh("messages")],
  ["the API document is valid", () => run("redocly", ["lint", "docs/openapi.json"])],
];

/** Runs a command of node_modules/.bin; its output comes back, and is shown as it comes where `isShown`. */
function run(command: string, args: readonly string[], withinMs = GUARD_WITHIN_MS, isShown = false): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: withinMs,
      killSignal: "SIGKILL",
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
        if (isShown) process.stdout.write(chunk);
      });
    }
    child.once("error", (error) => done({ ok: false, output: String(error) }));
    child.once("close", (code, signal) =>
      done({ ok: code === 0, output: signal === null ? output : `${output}\nended by ${signal}` }),
    );
  });
}

function runScript(...args: readonly string[]): Promise<Outcome> {
  return run(process.execPath, ["--disable-warning=ExperimentalWarning", ...args]);
}

/** drizzle-kit, on a copy of the migrations, finds nothing that the schema has and they have not. */
async function migrationsAreFresh(schema: "control" | "messages"): Promise<Outcome> {
  const out = join(temporary, schema);
  cpSync(join(ROOT, "migrations", schema), out, { recursive: true });
  const before = readdirSync(out).join();
  const target = relative(ROOT, out); // drizzle-kit takes an absolute path for a relative one
  const check = await run("drizzle-kit", ["check", "--dialect", "sqlite", "--out", target]);
  if (!check.ok) return check;
  const generate = await run("drizzle-kit", [
    "generate",
    "--dialect",
    "sqlite",
    "--schema",
    `./src/shared/db/${schema}/schema.ts`,
    "--out",
    target,
  ]);
  const isFresh = readdirSync(out).join() === before;
  return {
    ok: generate.ok && isFresh,
    output: isFresh ? generate.output : `${generate.output}\nRun: npm run generate:migrations`,
  };
}

/** Runs vitest projects. A file that could not be run, and an error outside of any test, each count as one failure. */
async function test(projects: readonly string[], isShown: boolean): Promise<Counts> {
  const report = join(temporary, `${projects.join("-")}.json`);
  const select = projects.map((project) => `--project=${project}`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { ok, output } = await run("vitest", ["run", ...select, ...reporters], TESTS_WITHIN_MS, isShown);
  if (!isShown) console.log(output.trimEnd());
  const counts = countsOf(report);
  if (!ok && counts.failed === 0) counts.failed = 1;
  return counts;
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly { readonly status: string }[] }[];
}

function countsOf(path: string): Counts {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(path, "utf8")) as Report;
  } catch (error) {
    console.error(`vitest left no report: ${String(error)}`);
    return { passed: 0, failed: 1 };
  }
  const notRun = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((t) => t.status === "failed"),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + notRun.length };
}

const total: Counts = { passed: 0, failed: 0 };
for (const [name, guard] of GUARDS) {
  const startedAt = Date.now();
  const { ok, output } = await guard();
  console.log(`${ok ? "ok  " : "FAIL"} ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
  if (!ok) console.log(output.trimEnd().split("\n").slice(0, OUTPUT_LINES).join("\n"));
  if (ok) total.passed++;
  else total.failed++;
}
// Side by side: the end-to-end tests spend their time waiting for leases to run out.
for (const tests of await Promise.all([test(["workerd", "node"], true), test(["e2e"], false)])) {
  total.passed += tests.passed;
  total.failed += tests.failed;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
