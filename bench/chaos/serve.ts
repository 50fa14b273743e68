/**
 * The local stack as a process that can be killed. Prints one JSON line when it is up; ends on SIGTERM, and when
 * its stdin does. STATE_DIR names its folder, VARS is a JSON object of variables (CHAOS, TIMING, …).
 */
import { startLocal } from "../../scripts/local/start-local.ts";

const { STATE_DIR, VARS = "{}" } = process.env;
if (STATE_DIR === undefined) throw new Error("STATE_DIR is not set");

const vars = JSON.parse(VARS) as Record<string, string>;
const local = await startLocal({ port: 0, stateDir: STATE_DIR, vars: { LOG_LEVEL: "warn", ...vars } });
console.log(JSON.stringify({ url: local.url, operatorKey: local.operatorKey }));

let ending = false;
function end(): void {
  if (ending) return;
  ending = true;
  void local.stop().finally(() => process.exit(0));
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
process.stdin.once("close", end).resume();
