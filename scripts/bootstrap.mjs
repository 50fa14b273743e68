/**
 * Runs a script of this repository on the Node that the repository pins, and installs first where that is
 * needed, so that `npm start` and `npm test` work on a fresh clone:
 *
 *     node scripts/bootstrap.mjs scripts/start.ts [arguments]
 *     node scripts/bootstrap.mjs vitest run           (a command of node_modules/.bin)
 *
 * Plain JavaScript without dependencies: it must run on any Node from 20 on, before anything is installed.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin");
const node = join(bin, "node");

/**
 * Whether node_modules holds what package-lock.json says. npm writes down what it installed, last of all, in
 * node_modules/.package-lock.json: an install that was cut short, and one of an older lock file, both show.
 */
function isInstalled() {
  if (!existsSync(node)) return false;
  try {
    const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
    const found = JSON.parse(readFileSync(join(root, "node_modules", ".package-lock.json"), "utf8")).packages;
    return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
      const there = found[path];
      if (path === "" || (optional && !there)) return true;
      return there?.version === version && (!integrity || there.integrity === integrity);
    });
  } catch {
    return false; // one of the two files is missing or cut short: install
  }
}

function install() {
  console.error("installing…");
  const npm = process.env.npm_execpath;
  const [command, first] = npm && /npm-cli\.c?js$/.test(npm) ? [process.execPath, [npm]] : ["npm", []];
  const done = spawnSync(command, [...first, "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status === 0 && isInstalled()) return;
  process.stderr.write(`${done.stdout ?? ""}${done.stderr ?? ""}`);
  console.error(done.error ? `npm ci could not be started: ${done.error.message}` : "npm ci failed; its output is above.");
  process.exit(1);
}

const [target, ...rest] = process.argv.slice(2);
if (target === undefined) {
  console.error("usage: node scripts/bootstrap.mjs <script or command> [arguments]");
  process.exit(2);
}
if (!isInstalled()) install();

const isScript = /\.(ts|mjs|js)$/.test(target);
// Node 22 reads TypeScript by itself, and says on every start that it is experimental.
const argv = isScript ? ["--disable-warning=ExperimentalWarning", join(root, target), ...rest] : rest;
const child = spawn(isScript ? node : join(bin, target), argv, {
  stdio: "inherit",
  env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`, CARILLON_BOOTSTRAP_PID: String(process.pid) },
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
if (process.env.npm_lifecycle_event) {
  // Who kills `npm start` with SIGKILL means the server, not npm alone.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 500).unref();
}
child.on("error", (error) => {
  console.error(`${target} could not be started: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
