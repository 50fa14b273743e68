/**
 * Ends workerd when this process is gone, even by SIGKILL: workerd itself would live on and hold the port.
 * A shell outside our process group waits for the end of a pipe that only we hold open.
 */
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "./configs.ts";

export interface Guard {
  /** Kills workerd at once, as a power cut would. */
  kill(): void;
  /** Call when workerd has ended. */
  release(): void;
}

/** Call before Miniflare starts; it reads the path of the binary from the environment, at every (re)start of workerd. */
export function guardWorkerd(stateDir: string): Guard {
  const pidFile = join(stateDir, "workerd.pid");
  rmSync(pidFile, { force: true });
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  process.env.CARILLON_WORKERD ??= process.env.MINIFLARE_WORKERD_PATH ?? String(fromMiniflare("workerd").default);
  process.env.CARILLON_WORKERD_PID_FILE = pidFile;
  process.env.MINIFLARE_WORKERD_PATH = join(ROOT, "scripts/local/workerd.sh");
  const shell = spawn("/bin/sh", ["-c", 'read -r _; kill -9 "$(cat "$0")" 2>/dev/null', pidFile], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref(); // a pipe is a socket, whose type has unref
  return {
    kill: () => void process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL"),
    release() {
      shell.kill("SIGKILL");
      rmSync(pidFile, { force: true });
    },
  };
}
