import { expect, it } from "vitest";
import type { Bell } from "../contract/jobs.ts";
import { type Customers, customers, ok as taken, told } from "../testing/customers.ts";
import { SHARD, shardOf, submission } from "../testing/stage.ts";
import { deliver } from "./deliver.ts";
import { plan } from "./plan.ts";

const runAll = <T>(job: () => Promise<T>) => job();

/** It opens credentials, and no keys that sign. */
const dispatcher = (s: Customers) => ({ ...s.deps, unsealer: s.world.deps.unsealer });

/** Customers whose messages go out by the sandbox, with the bells of their deliveries in hand. */
async function shop(): Promise<{ s: Customers; bells: Bell[]; send(to?: string, url?: string): Promise<string> }> {
  const bells: Bell[] = [];
  const s = await customers(taken, {
    ringer: {
      ring: async (list) => void bells.push(...list.map(({ v, tenant, shard, pack }) => ({ v, tenant, shard, pack }))),
      signal: async () => undefined,
    },
  });
  return {
    s,
    bells,
    async send(to = "ada@example.com", url) {
      const content = { email: { subject: "Hi", text: "x" } };
      const one = submission(s.world, {
        to: [{ channel: "email", destination: to }],
        order: { request_id: "req_1", content, ...(url === undefined ? {} : { callback_url: url }) },
      });
      await plan(s.deps, s.world.tenantId, [one]);
      return one.first;
    },
  };
}

it("what a delivery comes to is told once, however often its bell rings, with the provider's own id", async () => {
  const { s, bells, send } = await shop();
  await s.endpoint("https://shop.example/", ["message.sent", "message.failed"]);
  await Promise.all([send(), send("rejected@sandbox.test")]);
  await Promise.all([1, 2].map(() => deliver(dispatcher(s), s.world.tenantId, SHARD, bells, runAll)));
  await deliver(dispatcher(s), s.world.tenantId, SHARD, bells, runAll);
  await s.ring();
  expect(s.posts.map((post) => told(post).type).sort()).toEqual(["message.failed", "message.sent"]);
  const sent = s.posts.map(told).find(({ type }) => type === "message.sent");
  expect(sent?.data).toMatchObject({ provider: "sandbox", delivery: 0, provider_message_id: expect.any(String) });
});

it("an outcome that is written at the second try is told once", async () => {
  const { s, bells, send } = await shop();
  await s.endpoint("https://shop.example/", ["message.sent"]);
  await send();
  let batches = 0;
  const real = shardOf(s.deps);
  const flaky = new Proxy(real, {
    get(target, name) {
      if (name !== "batch") return Reflect.get(target, name, target).bind(target);
      return async (statements: D1PreparedStatement[]) => {
        const results = await target.batch(statements);
        batches += 1;
        if (batches === 2) throw new Error("the answer was lost");
        return results;
      };
    },
  });
  const deps = {
    ...dispatcher(s),
    wait: async () => undefined,
    shards: s.deps.shards.map((db, i) => (i === SHARD ? flaky : db)),
  };
  await deliver(deps, s.world.tenantId, SHARD, bells, runAll);
  expect(batches).toBeGreaterThan(2);
  s.clock.now += 60_000;
  const { sweep } = await import("./sweep.ts");
  await sweep(s.deps, s.world.tenantId);
  await s.ring();
  await s.ring();
  expect(s.posts.map((post) => told(post).type)).toEqual(["message.sent"]);
});

it("a message's own callback_url hears of its outcome though the project has no endpoint", async () => {
  const { s, bells, send } = await shop();
  await send("ada@example.com", "https://own.example/");
  await send();
  await deliver(dispatcher(s), s.world.tenantId, SHARD, bells, runAll);
  await s.ring();
  expect(s.posts.map((post) => `${post.url} ${told(post).type}`).sort()).toEqual([
    "https://own.example/ message.queued",
    "https://own.example/ message.sent",
  ]);
});
