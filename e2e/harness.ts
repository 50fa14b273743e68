/** The whole product as a person starts it: `scripts/start.ts` in a process group of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const UP_WITHIN_MS = 60_000;
const DOWN_WITHIN_MS = 15_000;
const GONE_WITHIN_MS = 10_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Server {
  readonly url: string;
  readonly projectId: string;
  readonly liveKey: string;
  readonly testKey: string;
  readonly operatorKey: string;
  readonly sandboxUrl: string;
  /** The printed command, as it stands. */
  readonly curl: string;
  readonly pid: number;
  /** All that it has printed so far, on stdout and stderr. */
  printed(): string;
  /** Ctrl-C. */
  interrupt(): Promise<Ended>;
  /** SIGKILL to every process of the group, as a power cut would. */
  kill(): Promise<void>;
}

export interface Launch {
  readonly stateDir: string;
  /** Any free one unless set. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** As `npm start` does it, with the bootstrap in front. */
  readonly isByNpm?: boolean;
}

const running = new Set<ChildProcess>();
const stateDirs: string[] = [];

/** A state folder that `cleanUp` removes. */
export function makeStateDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "carillon-e2e-"));
  stateDirs.push(dir);
  return dir;
}

/** Ends what a file has started. Call it in `afterAll`. */
export function cleanUp(): void {
  for (const child of running) killGroup(child);
  for (const dir of stateDirs.splice(0)) rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Starts and waits for all that a start prints. Throws with what was printed if it ends before. */
export async function launch(options: Launch): Promise<Server> {
  const { child, printed, ended } = run(options);
  const lines = await until(
    () => {
      const all = printed().split("\n");
      return all.some((line) => line.startsWith("curl ")) ? all : undefined;
    },
    UP_WITHIN_MS,
    ended.then(({ code }) => {
      throw new Error(`the start ended with ${code}:\n${printed()}${logOf(options.stateDir)}`);
    }),
  );
  const field = (label: string): string => {
    const line = lines.find((l) => l.startsWith(`${label} `));
    if (line === undefined) throw new Error(`no ${label} was printed:\n${printed()}`);
    return line.slice(label.length).trim();
  };
  return {
    url: field("ready"),
    projectId: field("project"),
    liveKey: field("live key"),
    testKey: field("test key"),
    operatorKey: field("operator key"),
    sandboxUrl: field("sandbox page"),
    curl: `curl ${field("curl")}`,
    pid: child.pid ?? 0,
    printed,
    async interrupt() {
      child.kill("SIGINT");
      return Promise.race([ended, timeout(DOWN_WITHIN_MS, "it did not stop")]);
    },
    async kill() {
      killGroup(child);
      await ended;
    },
  };
}

/** Starts what must not come up; answers when it has ended. */
export async function launchInVain(options: Launch): Promise<Ended & { readonly printed: string }> {
  const { printed, ended } = run(options);
  return { ...(await Promise.race([ended, timeout(UP_WITHIN_MS, "it did not end")])), printed: printed() };
}

function run({ stateDir, port = 0, env, isByNpm = false }: Launch) {
  const direct = ["--disable-warning=ExperimentalWarning", join(ROOT, "scripts/start.ts")];
  const child = spawn(process.execPath, isByNpm ? [join(ROOT, "scripts/bootstrap.mjs"), "scripts/start.ts"] : direct, {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: "", PORT: String(port), STATE_DIR: stateDir, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  running.add(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const ended = new Promise<Ended>((done) =>
    child.once("close", (code, signal) => {
      running.delete(child);
      done({ code, signal });
    }),
  );
  return { child, ended, printed: () => text };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it has ended by itself
  }
}

/** What the Workers logged, for a failure's message. */
export function logOf(stateDir: string): string {
  try {
    return readFileSync(join(stateDir, "carillon.log"), "utf8");
  } catch (error) {
    return `(no log: ${String(error)})`;
  }
}

/** Waits until nothing is left of a server: neither its process group, nor anything that names its state folder. */
export async function isGone({ pid }: Pick<Server, "pid">, stateDir: string): Promise<true> {
  return until(async () => {
    const { stdout } = await sh("ps -axww -o pgid=,stat=,args=");
    const left = stdout
      .split("\n")
      .map((line) => /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line))
      .filter((m) => m !== null && !m[2]?.startsWith("Z") && (Number(m[1]) === pid || m[3]?.includes(stateDir)));
    return left.length === 0 ? true : undefined;
  }, GONE_WITHIN_MS);
}

/** Runs a command line with sh. */
export async function sh(command: string): Promise<{ code: number | null; stdout: string }> {
  const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "ignore"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, stdout };
}

/** Waits until `check` gives a value, looking often; throws after `ms`, or when `or` throws. */
export async function until<T>(
  check: () => T | undefined | Promise<T | undefined>,
  ms: number,
  or: Promise<never> = new Promise(() => {}),
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`not true within ${ms} ms: ${check}`);
    await Promise.race([new Promise((done) => setTimeout(done, 25)), or]);
  }
}

function timeout(ms: number, what: string): Promise<never> {
  return new Promise((_, fail) => setTimeout(() => fail(new Error(`${what} within ${ms} ms`)), ms).unref());
}
