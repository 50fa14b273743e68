/** What a measurement runs against: the stack, the mock provider, and a project that sends through it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { TEMPLATE } from "./sends.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const UP_WITHIN_MS = 60_000;
const DOWN_WITHIN_MS = 10_000;

export interface Stack {
  readonly url: string;
  readonly liveKey: string;
  /** Of another tenant. */
  readonly otherKey: string;
  readonly operatorKey: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface Mock {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The three Workers with an empty state folder, which goes when they do. */
export async function startStack({ ledger }: { ledger: boolean }): Promise<Stack> {
  const stateDir = mkdtempSync(join(tmpdir(), "carillon-bench-"));
  const process_ = start("serve.ts", { STATE_DIR: stateDir, LEDGER: String(ledger) });
  const stop = async (): Promise<void> => {
    await end(process_);
    rmSync(stateDir, { recursive: true, force: true });
  };
  try {
    return { ...(JSON.parse(await firstLine(process_)) as Omit<Stack, "stop">), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export async function startMock(): Promise<Mock> {
  const process_ = start("peers/mock-provider.mjs", { PORT: "0" });
  const port = /\d+$/.exec(await firstLine(process_))?.[0];
  if (port === undefined || process_.pid === undefined) throw new Error("the mock provider did not come up");
  return { url: `http://127.0.0.1:${port}`, pid: process_.pid, stop: () => end(process_) };
}

/** Makes the mock the first choice for email, and the template that the peers use. */
export async function setUp(stack: Pick<Stack, "url">, key: string, mock: Mock): Promise<void> {
  await post(stack.url, key, "/v1/connections", {
    channel: "email",
    provider: "ses",
    name: "Bench",
    priority: 1,
    credentials: { access_key_id: "AKIABENCH", secret_access_key: "bench-secret" },
    settings: { region: "eu-west-1", from: "shop@example.com", endpoint: mock.url },
  });
  await post(stack.url, key, "/v1/templates", { name: TEMPLATE, content: { email: peersTemplate() } });
}

/** Subject, HTML and text out of the peers' schema, so that all contenders render the same. */
function peersTemplate(): { subject: string; html: string; text: string } {
  const sql = readFileSync(join(HERE, "peers/common/schema.sql"), "utf8");
  const [, subject, html, text] =
    /'order_shipped',\s+'([^']*)',\s+\$html\$(.*?)\$html\$,\s+\$text\$(.*?)\$text\$/s.exec(sql) ?? [];
  if (subject === undefined || html === undefined || text === undefined) throw new Error("the peers' template has moved");
  return { subject, html, text };
}

/** Posts JSON and answers with what came back; throws on anything but a 2xx. */
export async function post(url: string, key: string, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}

function start(script: string, env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", join(HERE, script)], {
    env: { ...process.env, ...env, END_WITH_STDIN: "true" }, // so that it ends with us, however we end
    stdio: ["pipe", "pipe", "inherit"],
    detached: true, // a process group of its own, which the meter adds up
  });
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    if (!child.stdout) throw new Error("the process has no stdout");
    const timer = setTimeout(() => fail(new Error(`${child.spawnargs.at(-1)} did not come up`)), UP_WITHIN_MS);
    createInterface(child.stdout).once("line", (line) => {
      clearTimeout(timer);
      done(line);
    });
    child.once("exit", (code) => fail(new Error(`${child.spawnargs.at(-1)} ended with ${code}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), DOWN_WITHIN_MS);
  await gone;
  clearTimeout(timer);
}
