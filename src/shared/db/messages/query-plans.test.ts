import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { dedupesOf } from "./dedupes.ts";
import { earlierStatement } from "./lines.ts";
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
        return { all: async () => ({ results: [] }) };
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
  "what stands in front of messages": (d) => earlierStatement(d, scope, ["msg_1"]),
  "first messages that ended": (d) => void dedupesOf(d, scope).ended(["msg_1"]),
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

const CLAIM = { key: "k", messageId: "msg_1", at: 1, until: 2, from: "msg_0" };
const DEDUPES: Record<string, (d: D1Database) => unknown> = {
  claim: (d) => dedupesOf(d, scope).claim([CLAIM]),
  "take over": (d) => dedupesOf(d, scope).takeOver([CLAIM]),
  owners: (d) => dedupesOf(d, scope).owners(["k"]),
};

test.each(Object.entries(DEDUPES))("the statement '%s' finds dedupe rows by their whole key", async (_, make) => {
  const plan = await planOfStatement(make);
  const tables = plan.filter((line) => /\b(dedupes|d) (USING|$)/.test(line));
  expect(tables.length, plan.join("\n")).toBeGreaterThan(0);
  for (const line of tables) expect(line).toContain("(tenant_id=? AND key=?)");
});

test("how much of a tenant waits is told from its newest packs: a bounded number of rows of that tenant, and no other's", async () => {
  const plan = await planOfStatement((d) => packsOf(d, scope).pressure(1));
  expect(plan).toContain("SEARCH packs USING PRIMARY KEY (tenant_id=?)");
  expect(plan.filter((line) => /\b(SCAN|SEARCH) packs\b/.test(line))).toHaveLength(1);
  await db
    .prepare(
      `INSERT INTO packs (tenant_id, id, channel, lane, refs, due_at, rung_at)
       SELECT 'ten_x', 'pak_' || value, 'email', 'bulk', '[]', 0, 0 FROM json_each(?1)`,
    )
    .bind(JSON.stringify(Array.from({ length: 3000 }, (_, i) => i)))
    .run();
  const { meta, results } = await packsOf(db, scope).pressure(1).run();
  expect(results).toEqual([{ lane: "bulk", waiting: 500, oldest: 0 }]);
  // Each row is read from the table and from the list of the newest, and once more to be grouped.
  expect(meta.rows_read).toBeLessThanOrEqual(3 * 500 + 10);
});
