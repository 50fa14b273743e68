/** Where numbers come from: a number without its machine says nothing. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const version = (name: string): string =>
  (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), "utf8")) as { version: string }).version;

export function environment() {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? "unknown",
    memory_gb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    workerd: version("workerd"),
    miniflare: version("miniflare"),
  };
}

/** Of the work tree; `-dirty` where it was changed since; null outside of a repository. */
function commit(): string | null {
  try {
    const cwd = dirname(fileURLToPath(import.meta.url));
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null; // a tarball has no history
  }
}
