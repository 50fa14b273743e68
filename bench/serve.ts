/**
 * The local stack as a process of its own, so that its CPU and memory can be told from the bench's. Prints one
 * JSON line when it is up; ends on SIGTERM. STATE_DIR names its folder, LEDGER=true makes it count.
 */
import { startLocal } from "../scripts/local/start-local.ts";
import { type ApiBindings, apiDeps } from "../src/shared/runtime/wire.ts";
import { createTenant } from "../src/shared/verbs/create-tenant.ts";

const { STATE_DIR, LEDGER = "false" } = process.env;
if (STATE_DIR === undefined) throw new Error("STATE_DIR is not set");

const local = await startLocal({
  port: 0,
  stateDir: STATE_DIR,
  vars: { LEDGER, LOG_LEVEL: "warn", ALLOW_PRIVATE_ENDPOINTS: "true" },
});
const { url, liveKey, operatorKey } = local;
// Miniflare's proxies answer every method of the bindings behind them.
const deps = apiDeps((await local.mf.getBindings("carillon-api")) as unknown as ApiBindings);
const other = await createTenant(deps, {
  name: "Other",
  limits: { ratePerSecond: 1e5, burst: 1e6 },
  sandbox: true,
  requestId: "req_bench",
});
console.log(JSON.stringify({ url, liveKey, operatorKey, otherKey: other.liveKey, pid: process.pid }));

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => void local.stop().finally(() => process.exit(0)));
}
