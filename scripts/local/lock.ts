/** One process a state folder: two would write the same databases. */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/** The longest path that a Unix socket may have, on macOS; Linux allows four more. */
const MAX_SOCKET_PATH = 103;

export class StateDirInUse extends Error {}

/**
 * Holds `stateDir` until the release is called or this process is gone, however it went: the lock is a socket
 * that listens, so no stale file can stand for a process that died. Throws StateDirInUse.
 */
export async function lockStateDir(stateDir: string): Promise<() => void> {
  const path = socketPath(stateDir);
  const server = createServer((socket) => socket.destroy());
  const listen = () =>
    new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen(path, done);
    });
  try {
    await listen();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    if (await answers(path))
      throw new StateDirInUse(`another Carillon runs on ${stateDir}; stop it, or choose another folder: STATE_DIR=…`);
    rmSync(path, { force: true });
    await listen();
  }
  server.unref();
  return () => void server.close();
}

function socketPath(stateDir: string): string {
  const inside = join(stateDir, "lock");
  const short = [inside, relative(process.cwd(), inside)].sort((a, b) => a.length - b.length)[0] ?? inside;
  if (Buffer.byteLength(short) <= MAX_SOCKET_PATH) return short;
  return join(tmpdir(), `carillon-${createHash("sha256").update(stateDir).digest("hex").slice(0, 16)}.lock`);
}

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}
