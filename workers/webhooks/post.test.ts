import { expect, it } from "vitest";
import { customers, ok, says, told } from "../../src/shared/testing/customers.ts";
import { post } from "./post.ts";

/** A batch of the queue, with what became of each message. */
function batchOf(bodies: readonly unknown[]) {
  const fates: string[] = bodies.map(() => "open");
  const messages = bodies.map((body, i) => ({
    id: String(i),
    body,
    attempts: 1,
    ack: () => void fates.splice(i, 1, "ack"),
    retry: () => void fates.splice(i, 1, "retry"),
  }));
  return { fates, batch: { queue: "callbacks", messages } as unknown as MessageBatch };
}

const bare = (bells: readonly { v: 1; tenant: string; shard: number; pack: string }[]) =>
  bells.map(({ v, tenant, shard, pack }) => ({ v, tenant, shard, pack }));

it("a batch does not wait for an endpoint that hangs, and what is posted to the others in it is settled at once", async () => {
  const hang = Promise.withResolvers<void>();
  const s = await customers(async ({ url }) => {
    if (url.includes("slow")) await hang.promise;
    return ok();
  });
  const slow = await s.endpoint("https://slow.example/", ["message.queued"]);
  const fast = await s.endpoint("https://fast.example/", ["message.queued"]);
  for (let n = 0; n < 3; n++) await s.send();
  const { batch, fates } = batchOf(bare(s.bells));
  const behind: Promise<unknown>[] = [];
  await post({ ...s.deps, wait: async () => undefined }, batch, (work) => void behind.push(work));
  expect(fates).toEqual(Array(6).fill("ack"));
  const stateOf = async (id: string) => (await s.deliveries(id)).map(({ state }) => state);
  await expect.poll(() => stateOf(fast.id)).toEqual(["delivered", "delivered", "delivered"]);
  expect(await stateOf(slow.id)).toEqual(["pending", "pending", "pending"]);
  hang.resolve();
  await Promise.all(behind);
  expect(await stateOf(slow.id)).toEqual(["delivered", "delivered", "delivered"]);
});

it("no endpoint has more than its share of the connections, and one that is alone has four", async () => {
  const under = new Map<string, number>();
  const most = new Map<string, number>();
  const s = await customers(async ({ url }) => {
    const { hostname } = new URL(url);
    const now = (under.get(hostname) ?? 0) + 1;
    under.set(hostname, now);
    most.set(hostname, Math.max(most.get(hostname) ?? 0, now));
    await new Promise((resolve) => setTimeout(resolve, 1));
    under.set(hostname, (under.get(hostname) ?? 1) - 1);
    return ok();
  });
  const names = ["a.example", "b.example", "c.example"];
  for (const name of names) await s.endpoint(`https://${name}/`, ["message.queued"]);
  const run = async () => {
    await s.send({ to: Array.from({ length: 30 }, (_, i) => ({ channel: "email" as const, destination: `u${i}@example.com` })) });
    const behind: Promise<unknown>[] = [];
    await post(s.deps, batchOf(bare(s.bells.splice(0))).batch, (work) => void behind.push(work));
    await Promise.all(behind);
  };
  await run();
  expect([...most.values()]).toEqual([2, 2, 2]);
  for (const { id } of ((await (await s.world.call("GET", "/v1/webhooks")).json()) as { data: { id: string }[] }).data.slice(1)) {
    await s.world.call("DELETE", `/v1/webhooks/${id}`);
  }
  most.clear();
  await run();
  expect([...most.values()]).toEqual([4]);
});

it("a bell that is no bell is done with, and a database that fails brings its bells back", async () => {
  const s = await customers(ok);
  await s.endpoint();
  await s.send();
  const { batch, fates } = batchOf([{ strange: true }, ...bare(s.bells)]);
  const broken = {
    ...s.deps,
    log: () => undefined,
    shards: s.deps.shards.map(
      () =>
        ({
          prepare: () => {
            throw new Error("down");
          },
        }) as unknown as D1Database,
    ),
  };
  await post(broken, batch, () => undefined);
  expect(fates).toEqual(["ack", "retry"]);
});

it("a fault while one pack is settled leaves the others settled, and its own to the sweep", async () => {
  const s = await customers(({ url }) => (url.includes("bad") ? says(500) : ok()));
  const bad = await s.endpoint("https://bad.example/", ["message.queued"]);
  const good = await s.endpoint("https://good.example/", ["message.queued"]);
  await s.send();
  const strict = {
    ...s.deps,
    log: () => undefined,
    random: (n: number) => {
      if (n === 1) throw new Error("no chance"); // asked for the jitter of a retry, and of nothing else
      return s.deps.random(n);
    },
  };
  const behind: Promise<unknown>[] = [];
  const bells = bare(s.bells);
  // Every answer is settled with a jitter, so only those to the good endpoint are posted with the real one.
  await post(s.deps, batchOf(bells.filter(({ pack }) => pack.includes(good.id))).batch, (work) => void behind.push(work));
  await post(strict, batchOf(bells.filter(({ pack }) => pack.includes(bad.id))).batch, (work) => void behind.push(work));
  await Promise.all(behind);
  expect((await s.deliveries(good.id)).map(({ state }) => state)).toEqual(["delivered"]);
  expect((await s.deliveries(bad.id)).map(({ state, attempts }) => [state, attempts.length])).toEqual([["pending", 0]]);
  s.clock.now += s.deps.timing.leaseMs + 1;
  await s.ring(bells);
  expect((await s.deliveries(bad.id))[0]?.attempts).toHaveLength(1);
  expect(told(s.posts.at(-1)).id).toBe(told(s.posts.find(({ url }) => url.includes("bad"))).id);
});
