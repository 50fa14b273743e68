/** The demo tenant: what the first start makes, so that a send works at once. */
import type { Miniflare } from "miniflare";
import { joseSealer } from "../../src/shared/adapters/jose-vault.ts";
import { createTenant } from "../../src/shared/verbs/create-tenant.ts";
import type { Database } from "./configs.ts";
import { type Demo, random, type Secrets } from "./secrets.ts";

/** Room for a load test on one machine. */
const LIMITS = { ratePerSecond: 1e5, burst: 1e6 };

/** Part of workerd and of the language, and not yet of Node 22; the verbs use it. */
Uint8Array.prototype.toHex ??= function toHex(this: Uint8Array) {
  return Buffer.from(this).toString("hex");
};

/** Makes the demo tenant with a sandbox connection on every channel, unless it is there. */
export async function seed(mf: Miniflare, databases: readonly Database[], secrets: Secrets): Promise<Demo> {
  const open = async ({ binding, worker }: Database): Promise<D1Database> =>
    // Miniflare's proxy answers every method of the binding behind it.
    (await mf.getD1Database(binding, worker)) as unknown as D1Database;
  const of = (schema: string) => Promise.all(databases.filter((d) => d.migrationsDir.endsWith(`/${schema}`)).map(open));
  const [[control], shards] = await Promise.all([of("control"), of("messages")]);
  if (control === undefined) throw new Error("no database has its migrations in migrations/control");
  const known = secrets.demo;
  if (known !== undefined) {
    const row = await control.prepare("SELECT 1 FROM tenants WHERE id = ?").bind(known.tenantId).first();
    if (row !== null) return known;
  }
  return createTenant(
    { control, shards, random, now: () => Date.now(), sealer: joseSealer(secrets.sealPublicKey) },
    { name: "Demo", limits: LIMITS, sandbox: true, requestId: "req_seed" },
  );
}
