import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { packsOf } from "./packs.ts";
import { planOf } from "./plan.ts";
import { settleOf } from "./settle.ts";

const db = (env as unknown as { MESSAGES_00: D1Database }).MESSAGES_00;
const scope = { tenantId: "ten_x" };

/** Remembers the statements that a repository makes instead of running them. */
function recorder() {
  const made: { sql: string; params: unknown[] }[] = [];
  const fake = {
    prepare: (sql: string) => ({
      bind(...params: unknown[]) {
        made.push({ sql, params });
        return {};
      },
    }),
  } as unknown as D1Database;
  return { made, fake };
}

async function planOfStatement(make: (fake: D1Database) => unknown): Promise<string[]> {
  const { made, fake } = recorder();
  make(fake);
  const { sql, params } = made[0] ?? { sql: "", params: [] };
  const { results } = await db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...params)
    .all<{ detail: string }>();
  return results.map((row) => row.detail);
}

const HOT: Record<string, (d: D1Database) => unknown> = {
  "packs of a plan": (d) => planOf(d, scope).insertPacks([]),
  claim: (d) => packsOf(d, scope).claim(["pak_1"], "lse_1", 1, 2),
  claimed: (d) => packsOf(d, scope).claimed(["pak_1"], "lse_1"),
  orders: (d) => packsOf(d, scope).orders(["msg_1"]),
  "packs that are tried again": (d) => packsOf(d, scope).insertAgain([], "lse_1"),
  finish: (d) => packsOf(d, scope).finish(["pak_1"], "lse_1"),
  outcomes: (d) => settleOf(d, scope).outcomes([], 1),
  signals: (d) => settleOf(d, scope).signals([], 1),
};

test.each(Object.entries(HOT))(
  "the statement '%s' finds rows by their whole key, and reads no tenant's table through",
  async (_, make) => {
    const plan = await planOfStatement(make);
    const tables = plan.filter(
      (line) => /\b(messages|packs|orders|[pmx]) USING PRIMARY KEY/.test(line) || /^SCAN (messages|packs|orders)\b/.test(line),
    );
    expect(tables.length, plan.join("\n")).toBeGreaterThan(0);
    for (const line of tables) expect(line).toContain("(tenant_id=? AND id=?)");
  },
);
