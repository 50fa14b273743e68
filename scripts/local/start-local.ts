/** The three real Workers on workerd, on this machine, with their data in a folder. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { convertV4MiniflareOptions, Miniflare, MiniflareCoreError, type MiniflareOptions } from "miniflare";
import { BuildFailed, type BundledWorker, bundleAll } from "./bundle.ts";
import { ROOT, readWorkers, type WorkerConfig } from "./configs.ts";
import { guardWorkerd } from "./guard.ts";
import { lockStateDir, StateDirInUse } from "./lock.ts";
import { type LogFile, openLog } from "./log-file.ts";
import { migrate } from "./migrate.ts";
import { type Demo, loadSecrets, saveSecrets } from "./secrets.ts";
import { seed } from "./seed.ts";
import { variablesOf } from "./variables.ts";

const HOST = "127.0.0.1";
/** The Workers that call the world outside. */
const GO_OUT: readonly string[] = ["carillon-dispatcher", "carillon-webhooks"];
const NETWORK = { network: { allow: ["public", "private"], tlsOptions: { trustBrowserCas: true, ...extraCertificates() } } };
const UP_WITHIN_MS = 30_000;

/** As Node itself does it: NODE_EXTRA_CA_CERTS is a file of certificates to trust besides those of browsers. */
function extraCertificates(): { trustedCertificates?: string[] } {
  const path = process.env.NODE_EXTRA_CA_CERTS;
  return path ? { trustedCertificates: [readFileSync(path, "utf8")] } : {};
}

export interface LocalOptions {
  /** 0 for any free one. */
  readonly port: number;
  readonly stateDir: string;
  /** Variables of wrangler.toml with other values, for every Worker that has them. */
  readonly vars?: Readonly<Record<string, string>>;
}

export interface Local extends Demo {
  readonly url: string;
  readonly stateDir: string;
  readonly logPath: string;
  readonly operatorKey: string;
  readonly mf: Miniflare;
  stop(): Promise<void>;
  /** Kills the runtime as a power cut would. Miniflare then starts it again on the same port and data. */
  kill(): void;
}

/** A reason why nothing was started that the person at the keyboard can mend; the message says all there is to say. */
export class CannotStart extends Error {}

/** Starts, migrates, seeds, and answers when the API does. Throws CannotStart. */
export async function startLocal(options: LocalOptions): Promise<Local> {
  const stateDir = resolve(options.stateDir);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const undo: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    undo.push(await lockStateDir(stateDir));
    const port = await freePort(options.port);
    const url = `http://${HOST}:${port}`;
    const log = openLog(stateDir);
    const secrets = await loadSecrets(stateDir);
    const workers = readWorkers();
    const scripts = await bundleAll(workers);
    const guard = guardWorkerd(stateDir);
    undo.push(guard.release);
    const mf = runtime(scripts, { port, stateDir, log, vars: (w) => variablesOf(w, secrets, { url, ...options.vars }) });
    undo.push(() => mf.dispose());
    await mf.ready;
    await migrate(
      mf,
      workers.flatMap((w) => w.databases),
    );
    const demo = await seed(mf, apiOf(workers).databases, secrets);
    saveSecrets(stateDir, { ...secrets, demo });
    await answers(url, log.path);
    return { ...demo, url, stateDir, logPath: log.path, operatorKey: secrets.operatorKey, mf, stop, kill: guard.kill };
  } catch (error) {
    await stop();
    throw cannotStart(error);
  }
}

/** Failures that are told in one line; any other is a bug, and keeps its stack. */
function cannotStart(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isKnown = error instanceof StateDirInUse || error instanceof BuildFailed || error instanceof MiniflareCoreError;
  return isKnown ? new CannotStart(error.message, { cause: error }) : error;
}

interface RuntimeOptions {
  readonly port: number;
  readonly stateDir: string;
  readonly log: LogFile;
  readonly vars: (worker: WorkerConfig) => Record<string, string>;
}

function runtime(workers: readonly BundledWorker[], options: RuntimeOptions): Miniflare {
  const tmp = join(options.stateDir, "tmp");
  rmSync(tmp, { recursive: true, force: true }); // of a run before that was killed
  mkdirSync(tmp);
  const { TMPDIR } = process.env;
  process.env.TMPDIR = tmp; // where Miniflare makes a folder that it cannot remove when it is killed
  try {
    return new Miniflare(optionsOf(workers, tmp, options));
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
}

function optionsOf(
  workers: readonly BundledWorker[],
  tmp: string,
  { port, stateDir, log, vars }: RuntimeOptions,
): MiniflareOptions {
  return convertV4MiniflareOptions({
    host: HOST,
    port: 0, // Miniflare's own entry; the API has a socket of its own, below
    log: log.forMiniflare,
    handleStructuredLogs: ({ level, message }) => log.line(level, message),
    cf: false, // else it is fetched from the network
    telemetry: { enabled: false },
    logRequests: false,
    resourcePersistencePath: join(stateDir, "data"),
    resourceTmpPath: tmp,
    workers: workers.map((worker, index) => ({
      ...worker.options,
      name: worker.name,
      rootPath: ROOT,
      bindings: { ...worker.vars, ...vars(worker) } as Record<string, string>,
      modulesRules: [],
      modules: [{ type: "ESModule" as const, path: `${worker.name}.js`, contents: worker.code }],
      // Miniflare puts a Worker of its own between `fetch` and the network; this binding goes straight.
      ...(GO_OUT.includes(worker.name) ? { serviceBindings: { ...servicesOf(worker), EGRESS: NETWORK } } : {}),
      // Straight from workerd: Miniflare's entry Worker in front of it costs more than half of the throughput.
      ...(index === 0 ? { unsafeDirectSockets: [{ host: HOST, port }] } : {}),
    })),
  });
}

/** wrangler types service bindings as unknown; they are a record by binding name, or nothing. */
function servicesOf(worker: BundledWorker): Record<string, never> {
  return (worker.options.serviceBindings ?? {}) as Record<string, never>;
}

function apiOf(workers: readonly WorkerConfig[]): WorkerConfig {
  const [api] = workers;
  if (api === undefined) throw new Error("no Workers are configured");
  return api;
}

/** `port`, or a free one for 0. Throws CannotStart if somebody has it. */
function freePort(port: number): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      const known = { EADDRINUSE: portTaken(port), EACCES: new CannotStart(`port ${port} may not be opened by this user`) };
      fail(known[error.code as keyof typeof known] ?? error);
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}

function portTaken(port: number): CannotStart {
  return new CannotStart(`port ${port} is in use; choose another: PORT=8788 npm start`);
}

/** Waits for the first answer of the API that is not a failure of its own. */
async function answers(url: string, logPath: string): Promise<void> {
  const end = Date.now() + UP_WITHIN_MS;
  for (let last = "no answer"; ; ) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      await response.arrayBuffer();
      if (response.status < 500) return;
      last = `it answers ${response.status}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > end) throw new CannotStart(`the API did not come up (${last}); see ${logPath}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
