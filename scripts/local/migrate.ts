/** Applies migrations to local databases, with the table that `wrangler d1 migrations` keeps. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Miniflare } from "miniflare";
import { unstable_splitSqlQuery as splitSql } from "wrangler";
import type { Database } from "./configs.ts";

/** As wrangler makes it, so that either of the two can go on where the other stopped. */
const APPLIED =
  "CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)";

/** Brings every database up to date. One file is one transaction, its entry in `d1_migrations` with it. */
export async function migrate(mf: Miniflare, databases: readonly Database[]): Promise<void> {
  const once = new Map(databases.map((d) => [d.id, d]));
  for (const { worker, binding, migrationsDir } of once.values()) {
    const db = await mf.getD1Database(binding, worker);
    await db.prepare(APPLIED).run();
    const { results } = await db.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
    const applied = new Set(results.map((row) => row.name));
    for (const name of readdirSync(migrationsDir).sort()) {
      if (!name.endsWith(".sql") || applied.has(name)) continue;
      const statements = splitSql(readFileSync(join(migrationsDir, name), "utf8"));
      await db.batch([
        ...statements.map((sql) => db.prepare(sql)),
        db.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
      ]);
    }
  }
}
