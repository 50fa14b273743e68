/** What the three Workers and the runtime say, as JSON lines in `carillon.log`. */
import { appendFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { Log, LogLevel } from "miniflare";

const MAX_BYTES = 64 * 1024 * 1024;

export interface LogFile {
  readonly path: string;
  /** A line that a Worker wrote. Lines that are JSON stay as they are. */
  line(level: string, message: string): void;
  /** For Miniflare's own messages. */
  readonly forMiniflare: Log;
}

/** Appends to the log of `stateDir`; one that has grown past 64 MiB is set aside first. */
export function openLog(stateDir: string): LogFile {
  const path = join(stateDir, "carillon.log");
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(path, `${path}.1`);
  let pending = "";
  const flush = (): void => {
    const text = pending;
    pending = "";
    if (text !== "") appendFileSync(path, text);
  };
  process.on("exit", flush);
  const line = (level: string, message: string): void => {
    if (pending === "") setTimeout(flush, 50).unref();
    const text = message.startsWith("{")
      ? message
      : JSON.stringify({ at: new Date().toISOString(), worker: "runtime", level, message });
    pending += `${text}\n`;
  };
  class FileLog extends Log {
    override logWithLevel(level: LogLevel, message: string): void {
      if (level <= LogLevel.WARN) line(level === LogLevel.WARN ? "warn" : "error", message);
    }
    override error(error: Error): void {
      line("error", error.stack ?? error.message);
    }
  }
  return { path, line, forMiniflare: new FileLog(LogLevel.WARN) };
}
