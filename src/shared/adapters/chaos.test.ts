import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, test } from "vitest";
import { chaosOf, shaken } from "../runtime/chaos.ts";
import type { DispatcherBindings } from "../runtime/wire.ts";
import { Chaos, type ChaosPlan, type Fault, parseChaos, seeded } from "./chaos.ts";

const bindings = env as unknown as DispatcherBindings;

beforeAll(async () => {
  await bindings.DB.exec("CREATE TABLE chaos_rows (a INTEGER PRIMARY KEY)");
});

function chaosWith(plan: Omit<ChaosPlan, "seed">, seed = 1) {
  const faults: Fault[] = [];
  return { chaos: new Chaos({ seed, ...plan }, (fault) => faults.push(fault)), faults };
}

function fakeQueue() {
  const sent: unknown[] = [];
  const queue = {
    sendBatch: async (all: MessageSendRequest[]) => void sent.push(...all),
  } as unknown as Queue<unknown>;
  return { queue, sent };
}

const rowsOf = async () => (await bindings.DB.prepare("SELECT a FROM chaos_rows").raw()).flat();

describe("without CHAOS", () => {
  it.each([{}, { CHAOS: "" }])("nothing is wrapped (%j)", (none) => {
    const whole = { ...bindings, ...none };
    expect(chaosOf(whole)).toBeNull();
    expect(shaken(whole)).toBe(whole);
  });
});

it.each(["true", "{}", '{"seed":1,"evicts":0.1}', '{"seed":1,"evict":2}', '{"seed":"1"}', "null"])(
  "refuses the plan %s",
  (json) => {
    expect(() => parseChaos(json)).toThrow();
  },
);

it("breaks databases and queues, and nothing else", () => {
  const whole = shaken({ ...bindings, CHAOS: '{"seed":1,"d1FailBefore":1}' });
  expect(whole.DB).not.toBe(bindings.DB);
  expect(whole.EVENTS).not.toBe(bindings.EVENTS);
  expect(whole.FILES).toBe(bindings.FILES);
  expect(whole.LOG_LEVEL).toBe(bindings.LOG_LEVEL);
});

test("a database that fails before has done nothing, and one that fails after has done it", async () => {
  const before = chaosWith({ d1FailBefore: 1 });
  const insert = (db: D1Database, a: number) => db.batch([db.prepare("INSERT INTO chaos_rows VALUES (?)").bind(a)]);
  await expect(insert(before.chaos.database(bindings.DB), 1)).rejects.toThrow("not reached");
  expect(await rowsOf()).toEqual([]);
  const after = chaosWith({ d1FailAfter: 1 });
  await expect(insert(after.chaos.database(bindings.DB), 2)).rejects.toThrow("chaos: the answer");
  expect(await rowsOf()).toEqual([2]);
  expect([...before.faults, ...after.faults]).toEqual(["d1FailBefore", "d1FailAfter"]);
});

test("a queue doubles messages, loses bells only, and mixes up their order", async () => {
  const requests = Array.from({ length: 20 }, (_, i) => ({ body: i }));
  const send = async (plan: Omit<ChaosPlan, "seed">, mayLose: boolean) => {
    const { queue, sent } = fakeQueue();
    await chaosWith(plan).chaos.queue(queue, mayLose).sendBatch(requests);
    return sent.map((request) => (request as MessageSendRequest<number>).body);
  };
  const numbers = requests.map(({ body }) => body);
  expect(await send({ queueDuplicate: 1 }, true)).toHaveLength(40);
  expect(await send({ queueDrop: 1 }, true)).toEqual([]);
  expect(await send({ queueDrop: 1 }, false)).toEqual(numbers);
  const late = await send({ queueDelayMs: 2000 }, true);
  expect(late).not.toEqual(numbers);
  expect(late.toSorted((a, b) => a - b)).toEqual(numbers);
});

test("a queue that fails after has the message", async () => {
  const { queue, sent } = fakeQueue();
  const broken = chaosWith({ queueFailAfter: 1 }).chaos.queue(queue, true);
  await expect(broken.send("bell")).rejects.toThrow("answer was lost");
  expect(sent).toEqual([{ body: "bell", delaySeconds: 0 }]);
});

test("an object is thrown out after one of its statements", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const run: string[] = [];
  const state = {
    storage: { sql: { exec: (query: string) => run.push(query) } },
    abort: resolve,
  } as unknown as DurableObjectState;
  chaosWith({ evict: 1 }).chaos.object(state);
  state.storage.sql.exec("SELECT 1");
  expect(await promise).toContain("thrown out");
  expect(run).toEqual(["SELECT 1"]);
});

test("the same seed makes the same choices", () => {
  const take = (seed: number) => Array.from({ length: 50 }, seeded(seed));
  expect(take(7)).toEqual(take(7));
  expect(take(7)).not.toEqual(take(8));
  expect(take(7).every((n) => n >= 0 && n < 1)).toBe(true);
});
