import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, expect, test } from "vitest";
import { migrate } from "./migrate.ts";

const migrationsDir = mkdtempSync(join(tmpdir(), "carillon-migrate-"));
const mf = new Miniflare(
  convertV4MiniflareOptions({
    cf: false,
    telemetry: { enabled: false },
    workers: [
      {
        name: "worker",
        modules: true,
        script: "export default { fetch: () => new Response() }",
        compatibilityDate: "2026-10-01",
        d1Databases: { DB: "db" },
      },
    ],
  }),
);
afterAll(async () => {
  await mf.dispose();
  rmSync(migrationsDir, { recursive: true });
});

const run = () => migrate(mf, [{ worker: "worker", binding: "DB", id: "db", migrationsDir }]);
const put = (name: string, sql: string) => writeFileSync(join(migrationsDir, name), sql);
const rows = async (sql: string) => (await (await mf.getD1Database("DB", "worker")).prepare(sql).all()).results;

test("each file is applied once and in order, one that fails leaves nothing, and the mended one goes on from there", async () => {
  put("0000_first.sql", "CREATE TABLE a (x TEXT);\n--> statement-breakpoint\nINSERT INTO a VALUES ('one; and a semicolon');");
  await run();
  await run();
  expect(await rows("SELECT x FROM a")).toEqual([{ x: "one; and a semicolon" }]);

  put("0001_second.sql", "INSERT INTO a VALUES ('two');\n--> statement-breakpoint\nINSERT INTO missing VALUES (1);");
  await expect(run()).rejects.toThrow("missing");
  expect(await rows("SELECT x FROM a")).toHaveLength(1);

  put("0001_second.sql", "INSERT INTO a VALUES ('two');");
  await run();
  expect(await rows("SELECT x FROM a")).toHaveLength(2);
  expect(await rows("SELECT name FROM d1_migrations ORDER BY id")).toEqual([
    { name: "0000_first.sql" },
    { name: "0001_second.sql" },
  ]);
});

test("files that wrangler has applied are left alone", async () => {
  put("0002_third.sql", "INSERT INTO a VALUES ('three');");
  await rows("INSERT INTO d1_migrations (name) VALUES ('0002_third.sql')");
  await run();
  expect(await rows("SELECT x FROM a WHERE x = 'three'")).toEqual([]);
});
