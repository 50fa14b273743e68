import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { healthName, healthObjects } from "../../src/shared/adapters/health-objects.ts";
import { Ledger } from "../../src/shared/adapters/ledger.ts";
import { joined, NO_REPORT, type Outcome, type Report, reportOf } from "../../src/shared/core/health-report.ts";
import type { HealthObject } from "../../src/shared/ports/health.ts";
import { eventually, makeWorld, type World } from "../../src/shared/testing/world.ts";

const namespace = (env as unknown as { PROVIDER_HEALTH: DurableObjectNamespace }).PROVIDER_HEALTH;
const ok: Outcome = { kind: "ok" };
const failed: Outcome = { kind: "failed", code: "503", reason: "Später: 日本 ☎" };
const misconfigured: Outcome = { kind: "misconfigured", code: "401", reason: "Bad key" };
const MINUTE_MS = 60_000;

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A connection of the world, and its object. */
async function connection(): Promise<{ id: string; object: HealthObject; stub: DurableObjectStub }> {
  const body = { channel: "email", provider: "sandbox", name: "Watched" };
  const { id } = (await (await world.call("POST", "/v1/connections", { body })).json()) as { id: string };
  return { id, object: healthObjects(namespace)(world.tenantId, id), stub: namespace.getByName(healthName(world.tenantId, id)) };
}

function report(outcomes: readonly Outcome[], probe: number | null = null): Report {
  const now = Date.now();
  return outcomes.reduce((sum, o) => joined(sum, reportOf(o, now, probe), now), NO_REPORT);
}

const five = () => report([failed, failed, failed, failed, failed]);

/** The object and this test share a clock, which is put forward. */
function later(ms: number): void {
  const now = Date.now() + ms;
  vi.spyOn(Date, "now").mockReturnValue(now);
}

async function noticesOf(subject: string): Promise<{ type: string; project_id: string; details: string }[]> {
  const { results } = await world.deps.control
    .prepare("SELECT type, project_id, details FROM notices WHERE tenant_id = ?1 AND subject = ?2 ORDER BY at, id")
    .bind(world.tenantId, subject)
    .all<{ type: string; project_id: string; details: string }>();
  return results;
}

const noticed = (subject: string, count: number) =>
  eventually(async () => {
    const notices = await noticesOf(subject);
    return notices.length >= count && notices;
  });

async function unwellSince(id: string): Promise<number | null> {
  const row = await world.deps.control.prepare("SELECT unwell_since FROM connections WHERE id = ?1").bind(id).first();
  return (row?.unwell_since ?? null) as number | null;
}

describe("the object", () => {
  test("opens with five failures of several isolates, and tells its tenant once", async () => {
    const { id, object } = await connection();
    expect(await object.report(report([failed, failed]))).toMatchObject({ state: "closed", failures: 2 });
    const open = await object.report(report([failed, failed, failed]));
    expect(open).toMatchObject({ state: "open", failures: 5, code: "503", reason: "Später: 日本 ☎" });
    await object.report(five());
    const [notice, ...others] = await noticed(id, 1);
    expect(others).toEqual([]);
    expect(notice).toMatchObject({ type: "connection.opened", project_id: world.projectId });
    expect(JSON.parse(notice?.details ?? "")).toEqual({
      provider: "sandbox",
      channel: "email",
      name: "Watched",
      code: "503",
      consecutive_failures: 5,
      since: new Date(open.since ?? 0).toISOString(),
      until: new Date(open.until).toISOString(),
    });
    expect(await unwellSince(id)).toBe(open.since);
  });

  test("counts from anew after a success of any isolate", async () => {
    const { object } = await connection();
    for (let i = 0; i < 4; i++) await object.report(report([failed]));
    expect(await object.report(report([ok]))).toMatchObject({ failures: 0 });
    expect(await object.report(report([failed, failed, failed, failed]))).toMatchObject({ state: "closed", failures: 4 });
  });

  test("grants one of fifty that ask at the same time the probe, whose yes closes and whose no opens for longer", async () => {
    const { id, object } = await connection();
    await object.report(five());
    expect((await object.probe()).n).toBeNull();
    later(MINUTE_MS);
    const asked = await Promise.all(Array.from({ length: 50 }, () => object.probe()));
    expect(asked.filter(({ n }) => n !== null)).toHaveLength(1);
    const no = await object.report(report([failed], 1));
    expect(no).toMatchObject({ state: "open", until: no.at + 2 * MINUTE_MS });
    later(2 * MINUTE_MS);
    const { n } = await object.probe();
    expect(await object.report(report([ok], n))).toMatchObject({ state: "closed", failures: 0 });
    expect((await noticed(id, 2)).map((notice) => notice.type)).toEqual(["connection.opened", "connection.closed"]);
    await eventually(async () => (await unwellSince(id)) === null);
  });

  test("opens at once for an account that is wrong, and is mended by hand", async () => {
    const { id, object } = await connection();
    expect(await object.report(report([misconfigured]))).toMatchObject({ state: "open", misconfigured: true });
    later(1000);
    expect(await object.mend()).toMatchObject({ state: "closed", misconfigured: false, openings: 0 });
    const told = await noticed(id, 2);
    expect(told.map((notice) => notice.type)).toEqual(["connection.misconfigured", "connection.closed"]);
    expect(JSON.parse(told[1]?.details ?? "")).toMatchObject({ by: "hand" });
  });
});

describe("an eviction", () => {
  test("loses neither an open breaker nor a probe that is under way", async () => {
    const { object, stub } = await connection();
    const open = await object.report(five());
    await evictDurableObject(stub);
    expect(await object.read()).toMatchObject({ state: "open", until: open.until, code: "503" });
    later(MINUTE_MS);
    expect((await object.probe()).n).toBe(1);
    await evictDurableObject(stub);
    expect((await object.probe()).n).toBeNull();
    expect(await object.report(report([ok], 1))).toMatchObject({ state: "closed" });
  });

  test("does not hide a failure a minute: the fifth opens, though the object slept between them", async () => {
    const { object, stub } = await connection();
    for (let i = 0; i < 4; i++) {
      expect(await object.report(report([failed]))).toMatchObject({ state: "closed", failures: i + 1 });
      await evictDurableObject(stub);
      later(MINUTE_MS);
    }
    expect(await object.report(report([failed]))).toMatchObject({ state: "open" });
  });

  test("before the alarm leaves the state as it was", async () => {
    const { id, object, stub } = await connection();
    await object.report(five());
    await noticed(id, 1);
    await evictDurableObject(stub);
    await runInDurableObject(stub, (_, state) => state.storage.setAlarm(Date.now() + MINUTE_MS));
    await evictDurableObject(stub);
    await runDurableObjectAlarm(stub);
    await evictDurableObject(stub);
    expect(await object.read()).toMatchObject({ state: "open", failures: 5 });
  });
});

describe("what it writes", () => {
  /** Rows that the object wrote while `work` ran, as its storage was asked to. */
  async function written(stub: DurableObjectStub, work: () => Promise<unknown>): Promise<number> {
    const ledger = new Ledger();
    await runInDurableObject(stub, (_, state) => ledger.object(state));
    await work();
    return ledger.read().object_rows_written;
  }

  test("is nothing for counts, and one row for a turn, with its alarm and once more when it is told", async () => {
    const { id, object, stub } = await connection();
    await object.report(report([failed]));
    const idle = async () => {
      for (let i = 0; i < 3; i++) await object.report(report([failed]));
      for (let i = 0; i < 20; i++) await object.read();
    };
    expect(await written(stub, idle)).toBe(0);
    // The state with its news, the alarm behind them, and the state without them.
    const turn = async () => {
      await object.report(report([failed]));
      await noticed(id, 1);
      await eventually(() => runInDurableObject(stub, async (_, state) => (await state.storage.getAlarm()) === null));
    };
    expect(await written(stub, turn)).toBe(3);
    expect(await written(stub, () => Promise.all(Array.from({ length: 40 }, () => object.report(five()))))).toBe(0);
  });

  test("is at most two rows a minute for a connection that fails every other time", async () => {
    const { object, stub } = await connection();
    const flapping = async () => {
      for (let i = 0; i < 9; i++) await object.report(report([i % 2 === 0 ? failed : ok]));
    };
    expect(await written(stub, flapping)).toBeLessThanOrEqual(2);
  });
});

test("a notice that cannot be written is kept, through an eviction too, and told by the alarm, once", async () => {
  const { id, object, stub } = await connection();
  await world.deps.control.exec("ALTER TABLE notices RENAME TO notices_away");
  try {
    await object.report(five());
    later(1000);
    await object.mend();
    // Nothing is told yet, and an alarm stands behind it.
    await eventually(() => runInDurableObject(stub, async (_, state) => (await state.storage.getAlarm()) !== null));
    await evictDurableObject(stub);
  } finally {
    await world.deps.control.exec("ALTER TABLE notices_away RENAME TO notices");
  }
  expect(await noticesOf(id)).toEqual([]);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect((await noticesOf(id)).map((notice) => notice.type)).toEqual(["connection.opened", "connection.closed"]);
  expect(await unwellSince(id)).toBeNull();
  expect(await runInDurableObject(stub, (_, state) => state.storage.getAlarm())).toBeNull();
});

test("what goes wrong inside is an error for the caller, and changes nothing", async () => {
  const { id, object } = await connection();
  await expect(object.report(null as unknown as Report)).rejects.toThrow();
  expect(await object.read()).toMatchObject({ state: "closed", failures: 0 });
  expect(await noticesOf(id)).toEqual([]);
});
