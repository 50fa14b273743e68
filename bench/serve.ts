/**
 * The local stack as a process of its own, so that its CPU and memory can be told from the bench's. Prints one
 * JSON line when it is up; ends on SIGTERM, and when its stdin does. STATE_DIR names its folder, LEDGER=true makes
 * it count.
 */
import { loadSecrets, random } from "../scripts/local/secrets.ts";
import { startLocal } from "../scripts/local/start-local.ts";
import { joseSealer } from "../src/shared/adapters/jose-vault.ts";
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
const database = async (binding: string) => (await local.mf.getD1Database(binding, "carillon-api")) as unknown as D1Database;
const [control, ...shards] = await Promise.all(["DB", "MESSAGES_00", "MESSAGES_01"].map(database));
if (control === undefined) throw new Error("there is no control database");
const { sealPublicKey, webhookSealPublicKey } = await loadSecrets(STATE_DIR);
const other = await createTenant(
  {
    control,
    shards,
    random,
    now: () => Date.now(),
    sealer: joseSealer(sealPublicKey),
    webhookSealer: joseSealer(webhookSealPublicKey),
  },
  { name: "Other", limits: { ratePerSecond: 1e5, burst: 1e6 }, sandbox: false, requestId: "req_bench" },
);
console.log(JSON.stringify({ url, liveKey, operatorKey, otherKey: other.liveKey, pid: process.pid }));

let ending = false;
function end(): void {
  if (ending) return;
  ending = true;
  void local.stop().finally(() => process.exit(0));
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
process.stdin.once("close", end).resume();
