/** The machine that the storm is about: the three Workers over one state folder, which outlives power cuts. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SERVE = join(dirname(fileURLToPath(import.meta.url)), "serve.ts");
const UP_WITHIN_MS = 60_000;
const DOWN_WITHIN_MS = 10_000;

interface Up {
  readonly url: string;
  readonly operatorKey: string;
}

export class Machine {
  readonly #stateDir = mkdtempSync(join(tmpdir(), "carillon-chaos-"));
  #child: ChildProcess | null = null;
  #up: Promise<Up> | null = null;

  /** Answers when it is up. Everybody who asks for `up()` meanwhile waits for the same. */
  start(vars: Readonly<Record<string, string>>): Promise<Up> {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", SERVE], {
      env: { ...process.env, STATE_DIR: this.#stateDir, VARS: JSON.stringify(vars) },
      stdio: ["pipe", "pipe", "inherit"],
      detached: true, // a process group of its own, so that a power cut takes all of it
    });
    this.#child = child;
    this.#up = firstLine(child).then((line) => JSON.parse(line) as Up);
    return this.#up;
  }

  async up(): Promise<Up> {
    if (this.#up === null) throw new Error("the machine was not started");
    return this.#up;
  }

  /** SIGKILL to every process of it, as a power cut would. */
  async cutPower(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** What it has logged since it was made: JSON lines. What was not yet on disk at a power cut is missing. */
  log(): Record<string, unknown>[] {
    const lines = readFileSync(join(this.#stateDir, "carillon.log"), "utf8").split("\n");
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>];
      } catch {
        return []; // the last of a run that was cut, or none
      }
    });
  }

  /** Stops, and takes away what it kept. */
  async remove(): Promise<void> {
    await this.#end("SIGKILL");
    rmSync(this.#stateDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    if (signal === "SIGTERM") child.kill(signal);
    const late = setTimeout(() => killGroup(child.pid), signal === "SIGTERM" ? DOWN_WITHIN_MS : 0);
    await gone;
    clearTimeout(late);
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it has ended by itself
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  if (!child.stdout) throw new Error("the process has no stdout");
  const timer = setTimeout(() => reject(new Error("the machine did not come up")), UP_WITHIN_MS);
  createInterface(child.stdout).once("line", resolve);
  child.once("exit", (code, signal) => reject(new Error(`the machine ended with ${code ?? signal} before it was up`)));
  promise.catch(() => undefined).finally(() => clearTimeout(timer)); // who waits gets the error
  return promise;
}
