import { expect, it } from "vitest";
import { newId } from "../core/ids.ts";
import { testDeps } from "../testing/world.ts";
import { pressure } from "./pressure.ts";

const deps = testDeps();
const NOW = Date.UTC(2026, 10, 20);
const clocked = { ...deps, now: () => NOW };

async function insert(
  tenantId: string,
  count: number,
  pack: { lane?: string; dueAt?: number; claims?: number; madeAt?: number },
) {
  const { lane = "bulk", dueAt = NOW - 500, claims = 0, madeAt = NOW } = pack;
  const ids = Array.from({ length: count }, () => newId("pak", madeAt, deps.random));
  await deps.shards[1]
    ?.prepare(
      `INSERT INTO packs (tenant_id, id, channel, lane, refs, due_at, rung_at, claims)
       SELECT ?1, value, 'email', ?2, '[]', ?3, ?3, ?4 FROM json_each(?5)`,
    )
    .bind(tenantId, lane, dueAt, claims, JSON.stringify(ids))
    .run();
}

it("counts by lane what is due and nobody has taken, and how long the oldest has waited", async () => {
  await insert("ten_counts", 3, {});
  await insert("ten_counts", 1, { dueAt: NOW - 4000 });
  await insert("ten_counts", 2, { lane: "standard", dueAt: NOW });
  expect(await pressure(clocked, "ten_counts", [1])).toEqual([
    { dbShard: 1, lane: "bulk", waiting: 4, oldestMs: 4000 },
    { dbShard: 1, lane: "standard", waiting: 2, oldestMs: 0 },
  ]);
});

it("counts neither what waits for a retry, nor what was taken, nor another tenant's", async () => {
  await insert("ten_none", 30, { dueAt: NOW + 1 });
  await insert("ten_none", 30, { claims: 1 });
  await insert("ten_nobody", 30, {});
  expect(await pressure(clocked, "ten_none", [0, 1])).toEqual([]);
});

it("reads no more than the newest packs, however many a tenant has", async () => {
  await insert("ten_many", 2000, { madeAt: NOW - 60_000, dueAt: NOW - 60_000 });
  await insert("ten_many", 100, {});
  expect(await pressure(clocked, "ten_many", [1])).toEqual([{ dbShard: 1, lane: "bulk", waiting: 500, oldestMs: 60_000 }]);
});
