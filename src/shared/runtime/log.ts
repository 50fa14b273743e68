/** One JSON line a unit of work. No personal data: ids, codes and counts only. */
import type { LogLine } from "../verbs/deps.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** A logger that drops what is below `level` (`debug`, `info`, `warn`, `error`; `info` if unknown). */
export function logger(level: string, worker: string): (line: LogLine) => void {
  const least = Math.max(0, LEVELS.indexOf((LEVELS as readonly string[]).includes(level) ? (level as LogLine["level"]) : "info"));
  return (line) => {
    if (LEVELS.indexOf(line.level) < least) return;
    const text = JSON.stringify({ at: new Date().toISOString(), worker, ...line });
    if (line.level === "error") console.error(text);
    else console.log(text);
  };
}
