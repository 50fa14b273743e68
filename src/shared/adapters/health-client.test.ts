import { beforeEach, describe, expect, test } from "vitest";
import { type Breaker, FRESH, fold, mended, type Outcome, startProbe } from "../core/breaker.ts";
import type { Report } from "../core/health-report.ts";
import type { HealthObject } from "../ports/health.ts";
import { describeHealth } from "../testing/describe-health.ts";
import { HealthCopies, healthClient } from "./health-client.ts";

const ok: Outcome = { kind: "ok" };
const failed: Outcome = { kind: "failed", code: "503", reason: "Try later" };
const T = "ten_1";
const C = "con_1";
const timing = { breakerOpenMs: 60_000, leaseMs: 45_000 };

/** The object's side, in memory; counts what it is asked, and fails where it is told to. */
class FakeObject implements HealthObject {
  breaker: Breaker = FRESH;
  readonly asked: string[] = [];
  readonly reports: Report[] = [];
  isAway = false;

  async #ask(what: string): Promise<void> {
    this.asked.push(what);
    await Promise.resolve();
    if (this.isAway) throw new Error("the object is away");
  }

  async read(): Promise<Breaker> {
    await this.#ask("read");
    return this.breaker;
  }

  async report(report: Report): Promise<Breaker> {
    await this.#ask("report");
    this.reports.push(report);
    this.breaker = fold(this.breaker, report, { now, openMs: timing.breakerOpenMs });
    return this.breaker;
  }

  async probe() {
    await this.#ask("probe");
    const probing = startProbe(this.breaker, now, timing.leaseMs);
    this.breaker = probing.breaker;
    return probing;
  }

  async mend(): Promise<Breaker> {
    await this.#ask("mend");
    this.breaker = mended(this.breaker, now);
    return this.breaker;
  }
}

let now = 0;
let object: FakeObject;
let logged: string[];
beforeEach(() => {
  now = Date.UTC(2026, 10, 20);
  object = new FakeObject();
  logged = [];
});

/** One more isolate, with a copy of its own. */
function isolate() {
  const copies = new HealthCopies();
  /** Each invocation makes its client anew. */
  const client = () => healthClient(() => object, { now: () => now, log: (line) => logged.push(line.event), timing }, copies);
  return {
    client,
    async send(outcomes: readonly Outcome[]): Promise<void> {
      await client().know(T, [C]);
      for (const outcome of outcomes) client().note(T, C, outcome);
      await client().flush();
    },
  };
}

const many = (n: number, outcome: Outcome): Outcome[] => Array.from({ length: n }, () => outcome);

describeHealth("healthClient", (clock) => {
  const objects = new Map<string, FakeObject>();
  const objectOf = (tenantId: string, connectionId: string): FakeObject => {
    now = clock();
    const name = `${tenantId}/${connectionId}`;
    const one = objects.get(name) ?? new FakeObject();
    objects.set(name, one);
    return one;
  };
  return healthClient(objectOf, { now: clock, log: () => undefined, timing }, new HealthCopies());
});

describe("a healthy connection", () => {
  test("costs one question in ten seconds, however many messages go over it", async () => {
    const one = isolate();
    for (let pack = 0; pack < 1000; pack++) {
      await one.send(many(50, ok));
      now += 100;
    }
    expect(object.asked).toEqual(many(10, ok).map(() => "read"));
  });

  test("is read once by packs that come at the same time, as soon as there is a copy", async () => {
    const one = isolate();
    await one.send([]);
    now += 11_000;
    await Promise.all(Array.from({ length: 20 }, () => one.send([ok])));
    expect(object.asked).toEqual(["read", "read"]);
  });

  test("tells its successes with the next failure, as far as they are of the last minute", async () => {
    const one = isolate();
    await one.send(many(500, ok));
    now += 70_000;
    await one.send(many(30, ok));
    await one.send([failed]);
    expect(object.reports).toHaveLength(1);
    expect(object.reports[0]?.window).toMatchObject([{ ok: 30, failed: 1 }]);
    expect(object.breaker).toMatchObject({ failures: 1, state: "closed" });
  });
});

describe("a connection that fails", () => {
  test("is not used after the fifth failure, before anybody is told", async () => {
    const one = isolate();
    const client = one.client();
    await client.know(T, [C]);
    for (let i = 0; i < 5; i++) {
      expect(client.fitness(T, C)).toEqual({ kind: "fit" });
      client.note(T, C, failed);
    }
    expect(client.fitness(T, C)).toMatchObject({ kind: "unfit", until: now + 60_000, code: "503" });
    expect(object.asked).toEqual(["read"]);
    await client.flush();
    expect(object.breaker.state).toBe("open");
  });

  test("is told of in one report a pack, and the success that ends it in one more", async () => {
    const one = isolate();
    await one.send([failed, failed, failed]);
    await one.send([ok, ok, ok]);
    await one.send([ok, ok]);
    expect(object.asked).toEqual(["read", "report", "report"]);
    expect(object.breaker).toMatchObject({ failures: 0 });
  });

  test("has a record that isolates agree on: failures at once, and successes that come before them", async () => {
    const [one, other] = [isolate(), isolate()];
    await one.send([...many(3, ok), failed, ...many(4, ok)]);
    now += 10_000;
    await other.send([failed]);
    await one.send([failed]);
    now += 10_000;
    for (const { client } of [one, other]) {
      await client().know(T, [C]);
      const record = client().record(T, C);
      expect(record.failed).toBeCloseTo(3, 0);
      expect(record.ok).toBeCloseTo(7, 0);
    }
    await one.client().reset(T, C);
    expect(one.client().record(T, C)).toEqual({ ok: 0, failed: 0, latencyMs: null });
  });

  test("is open for the other isolates within ten seconds", async () => {
    const [one, other] = [isolate(), isolate()];
    await other.send([ok]);
    await one.send(many(5, failed));
    expect(other.client().fitness(T, C).kind).toBe("fit");
    now += 10_000;
    await other.client().know(T, [C]);
    expect(other.client().fitness(T, C).kind).toBe("unfit");
  });

  test("is opened by isolates that saw too few failures each", async () => {
    for (let i = 0; i < 5; i++) await isolate().send([failed]);
    expect(object.breaker.state).toBe("open");
  });

  test("keeps what it saw through a read in between", async () => {
    const one = isolate();
    const client = one.client();
    await client.know(T, [C]);
    for (const outcome of many(5, failed)) client.note(T, C, outcome);
    now += 10_000;
    await client.know(T, [C]);
    expect(client.fitness(T, C).kind).toBe("unfit");
  });
});

describe("a probe", () => {
  async function opened() {
    const all = [isolate(), isolate(), isolate()] as const;
    await all[0].send(many(5, failed));
    now += 60_000;
    for (const one of all) await one.client().know(T, [C]);
    return all;
  }

  test("is granted once to fifty askers in three isolates, and each isolate asks once", async () => {
    const all = await opened();
    object.asked.length = 0;
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => all[i % 3]?.client().probe(T, C)));
    expect(answers.filter((answer) => answer)).toHaveLength(1);
    expect(object.asked).toEqual(["probe", "probe", "probe"]);
    for (const one of all) expect(one.client().fitness(T, C).kind).toBe("unfit");
  });

  test("that is well closes for all, and one that fails keeps it closed for longer", async () => {
    const [one, other] = await opened();
    expect(await one.client().probe(T, C)).toBe(true);
    one.client().note(T, C, failed);
    // A flush of another pack in between loses nothing of the probe.
    await one.client().flush();
    expect(object.breaker).toMatchObject({ state: "open", until: now + 120_000 });
    now += 120_000;
    await other.client().know(T, [C]);
    expect(await other.client().probe(T, C)).toBe(true);
    await other.client().flush();
    other.client().note(T, C, ok);
    await other.client().flush();
    expect(object.breaker.state).toBe("closed");
    expect(other.client().fitness(T, C).kind).toBe("fit");
  });

  test("is not asked for where it needs none", async () => {
    const one = isolate();
    await one.send([ok]);
    expect(await one.client().probe(T, C)).toBe(true);
    await one.send(many(5, failed));
    expect(await one.client().probe(T, C)).toBe(false);
    expect(object.asked).not.toContain("probe");
  });
});

describe("a request for quiet", () => {
  const quiet = (retryAfterMs: number): Outcome => ({ kind: "throttled", code: "429", retryAfterMs });

  test("pauses here at once and there within ten seconds, and a shorter one is not told", async () => {
    const [one, other] = [isolate(), isolate()];
    await one.send([quiet(30_000)]);
    await one.send([quiet(5_000)]);
    expect(object.asked).toEqual(["read", "report"]);
    await other.client().know(T, [C]);
    for (const { client } of [one, other]) expect(client().fitness(T, C)).toMatchObject({ kind: "unfit", until: now + 30_000 });
    expect(object.breaker.failures).toBe(0);
  });
});

describe("an object that cannot be asked", () => {
  test("stops nothing: its connection is taken as well, and asked about again in ten seconds", async () => {
    object.isAway = true;
    const one = isolate();
    for (let i = 0; i < 20; i++) await one.send([ok]);
    expect(one.client().fitness(T, C).kind).toBe("fit");
    expect(object.asked).toEqual(["read"]);
    expect(logged).toEqual(["health_not_read"]);
    expect(await one.client().look(T, C)).toBeNull();
    await expect(one.client().reset(T, C)).rejects.toThrow("away");
  });

  test("is told what it missed when it is back", async () => {
    const one = isolate();
    await one.send([ok]);
    object.isAway = true;
    await one.send([failed, failed]);
    await one.send([failed]);
    object.isAway = false;
    await one.send([failed, failed]);
    expect(object.breaker).toMatchObject({ state: "open", failures: 5 });
  });

  test("leaves each isolate one probe of its own", async () => {
    const one = isolate();
    await one.send(many(5, failed));
    now += 60_000;
    object.isAway = true;
    expect([await one.client().probe(T, C), await one.client().probe(T, C)]).toEqual([true, false]);
    one.client().note(T, C, ok);
    expect(one.client().fitness(T, C).kind).toBe("fit");
  });
});

test("a mended breaker is closed here at once, with nothing left to tell of before", async () => {
  const one = isolate();
  for (const outcome of many(5, failed)) one.client().note(T, C, outcome);
  await one.client().reset(T, C);
  await one.client().flush();
  expect(one.client().fitness(T, C)).toEqual({ kind: "fit" });
  expect(object.asked).toEqual(["mend"]);
  expect(await one.client().look(T, C)).toMatchObject({ state: "closed", consecutiveFailures: 0 });
});
