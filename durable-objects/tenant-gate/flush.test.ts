import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { LANES, type Lane } from "../../src/shared/core/channels.ts";
import type { Pressure } from "../../src/shared/core/flow.ts";
import type { Planner } from "../../src/shared/ports/planner.ts";
import { eventually } from "../../src/shared/testing/world.ts";
import { Flush } from "./flush.ts";
import type { TenantGate } from "./index.ts";
import { Outbox } from "./outbox.ts";

const namespace = (env as unknown as { TENANT_GATE: DurableObjectNamespace<TenantGate> }).TENANT_GATE;
let tenants = 0;

/** A row of the outbox is a call of the planner of its own. */
const ROW = 500;
const PACK = 50;
/** What stands in a queue at first: a window that is full. */
const FIRST = 40;
/** What may stand there at most: 400 packs, and what the call that went beyond added. */
const MOST = 400 + ROW / PACK;

/** The queue that tenants share, and a planner in front of it. Each entry is a pack's tenant. */
class Shared {
  queue: string[] = [];
  planned = new Map<string, number>();
  asked = 0;
  fails = false;
  answers = true;

  take(packs: number): void {
    this.queue.splice(0, packs);
  }

  planner(lane: Lane): Planner {
    const pressureOf = (tenant: string): Pressure[] => [
      { dbShard: 0, lane, waiting: this.queue.filter((t) => t === tenant).length, oldestMs: 0 },
    ];
    return {
      plan: async (tenant, json) => {
        if (this.fails) throw new Error("the planner is down");
        const n = (JSON.parse(json) as { n: number }[]).reduce((sum, row) => sum + row.n, 0);
        this.planned.set(tenant, (this.planned.get(tenant) ?? 0) + n);
        for (let left = n; left > 0; left -= PACK) this.queue.push(tenant);
        return this.answers ? pressureOf(tenant) : undefined;
      },
      pressure: async (tenant, dbShards) => {
        this.asked += 1;
        if (this.fails) throw new Error("the planner is down");
        expect(dbShards).toEqual([0]);
        return pressureOf(tenant);
      },
      // A gate's flush asks nothing else of it in these tests.
      ...({} as Omit<Planner, "plan" | "pressure">),
    };
  }
}

interface Bench {
  readonly tenant: string;
  readonly flush: Flush;
  readonly outbox: Outbox;
  readonly sql: SqlStorage;
  /** Pauses that were asked for, milliseconds. */
  readonly pauses: number[];
  /** Ends the pause that is on; resolves when the next one begins, or nothing is left. */
  goOn(): Promise<void>;
}

/** A gate's flush over real rows: `rows` of 500 messages each, due now, and a clock that only the test moves. */
async function withGate<T>(shared: Shared, lane: Lane, rows: number, work: (bench: Bench) => Promise<T>): Promise<T> {
  const tenant = `ten_flush_test_${tenants++}`;
  return runInDurableObject(namespace.getByName(`${tenant}#0`), async (_, state) => {
    const { sql } = state.storage;
    const outbox = new Outbox(sql);
    for (let i = 0; i < rows; i++) {
      const first = `msg_${String(i).padStart(26, "0")}`;
      outbox.add({ first, last: first, lane: LANES.indexOf(lane), dueAt: 1000, n: ROW, body: JSON.stringify([{ n: ROW }]) });
    }
    const pauses: number[] = [];
    const waiting: (() => void)[] = [];
    const flush = new Flush(tenant, outbox, shared.planner(lane), {
      sweepEveryMs: 30_000,
      timer: (then, ms) => {
        pauses.push(ms);
        waiting.push(then);
      },
    });
    const left = () => outbox.backlog.byLane(Date.now())[lane];
    const goOn = async () => {
      for (const then of waiting.splice(0)) then();
      await eventually(async () => waiting.length > 0 || left() === 0);
    };
    return work({ tenant, flush, outbox, sql, pauses, goOn });
  });
}

test("a tenant with 100,000 bulk messages keeps them in its own gate, and another's stands behind a bounded number of its packs", async () => {
  const shared = new Shared();
  await withGate(shared, "bulk", 200, async (a) => {
    const places: number[] = [];
    const askForB = () => {
      // Another gate, which knows nothing of this one: its first message joins the queue where it ends.
      places.push(shared.queue.length);
      shared.queue.push("ten_b");
    };
    await a.flush.run();
    expect(a.outbox.backlog.byLane(Date.now()).bulk).toBe(100_000 - FIRST * PACK);
    for (let round = 0; a.outbox.backlog.byLane(Date.now()).bulk > 0; round++) {
      if (round > 1000) throw new Error("it does not get on");
      if (round % 2 === 0) askForB();
      shared.take(20 + (round % 5) * 30);
      await a.goOn();
    }
    expect(places.length).toBeGreaterThan(3);
    const ofB = places.length;
    expect(Math.max(...places)).toBeLessThanOrEqual(MOST + ofB);
    expect(shared.planned.get(a.tenant)).toBe(100_000);
  });
});

test("a slow drain has no more than a full window of one tenant before it, and is never dry", async () => {
  const shared = new Shared();
  await withGate(shared, "bulk", 100, async (a) => {
    await a.flush.run();
    for (let round = 0; round < 150; round++) {
      expect(shared.queue.length).toBeGreaterThanOrEqual(FIRST - 10);
      expect(shared.queue.length).toBeLessThan(FIRST + ROW / PACK);
      shared.take(5);
      await a.goOn();
    }
  });
});

test("two gates, one with a backlog: the other's bulk is planned at once", async () => {
  const shared = new Shared();
  await withGate(shared, "bulk", 200, (a) => a.flush.run());
  const tenantB = await withGate(shared, "bulk", 1, async (b) => {
    await b.flush.run();
    expect(b.pauses).toEqual([]);
    return b.tenant;
  });
  expect(shared.planned.get(tenantB)).toBe(ROW);
  expect(shared.queue.indexOf(tenantB)).toBe(FIRST);
});

test("while nothing moves, one question a pause, and pauses up to two seconds; short ones once something does", async () => {
  const shared = new Shared();
  await withGate(shared, "standard", 200, async ({ flush, tenant, pauses, goOn }) => {
    await flush.run();
    for (let i = 0; i < 5; i++) await goOn();
    expect(pauses).toEqual([250, 500, 1000, 2000, 2000, 2000]);
    expect(shared.asked).toBe(5);
    shared.take(1);
    await goOn();
    expect(pauses.at(-1)).toBe(250);
    const before = shared.planned.get(tenant) ?? 0;
    shared.take(100);
    await goOn();
    expect(shared.planned.get(tenant)).toBeGreaterThan(before);
  });
});

test("what comes in during a pause waits for it too, and costs no question", async () => {
  const shared = new Shared();
  await withGate(shared, "bulk", 100, async ({ flush, outbox, tenant }) => {
    await flush.run();
    const planned = shared.planned.get(tenant);
    outbox.add({ first: "msg_zz", last: "msg_zz", lane: 2, dueAt: 1000, n: 1, body: '[{"n":1}]' });
    for (let i = 0; i < 10; i++) await flush.run();
    expect(shared.planned.get(tenant)).toBe(planned);
    expect(shared.asked).toBe(0);
  });
});

test("the express lane never pauses, whatever waits", async () => {
  const shared = new Shared();
  await withGate(shared, "express", 60, async ({ flush, pauses, tenant }) => {
    await flush.run();
    expect(shared.planned.get(tenant)).toBe(60 * ROW);
    expect(pauses).toEqual([]);
  });
});

test("a planner of an older release, which answers nothing, is planned with as before", async () => {
  const shared = new Shared();
  shared.answers = false;
  await withGate(shared, "bulk", 60, async ({ flush, tenant, pauses }) => {
    await flush.run();
    expect(shared.planned.get(tenant)).toBe(60 * ROW);
    expect(pauses).toEqual([]);
  });
});

test("a planner that fails during a pause is asked ever more rarely, and loses nothing", async () => {
  const shared = new Shared();
  await withGate(shared, "bulk", 100, async ({ flush, outbox, sql, tenant, pauses, goOn }) => {
    await flush.run();
    shared.fails = true;
    shared.queue = [];
    // A question, then plans: each puts one row off, where every call might have done so at once.
    for (let i = 0; i < 6; i++) await goOn();
    expect(pauses).toEqual([250, 500, 250, 500, 1000, 2000, 2000]);
    expect(sql.exec("SELECT COUNT(*) AS n FROM outbox WHERE tries > 0").one().n).toBeLessThanOrEqual(6);
    expect(outbox.backlog.byLane(Date.now()).bulk + (shared.planned.get(tenant) ?? 0)).toBe(100 * ROW);
    shared.fails = false;
    sql.exec("UPDATE outbox SET due_at = 1000");
    outbox.backlog.reload();
    for (let i = 0; i < 200 && outbox.backlog.byLane(Date.now()).bulk > 0; i++) {
      shared.queue = [];
      await goOn();
    }
    expect(shared.planned.get(tenant)).toBe(100 * ROW);
  });
});
