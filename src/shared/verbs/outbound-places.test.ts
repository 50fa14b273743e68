import { expect, test } from "vitest";
import type { OutboundByChannel } from "../core/outbound.ts";
import { makeWorld, OPERATOR_KEY, type World } from "../testing/world.ts";
import { forgetOutbound, placesFor } from "./outbound-places.ts";

const free = { connectionId: "con_1", limits: {} };

async function limitTenant(world: World, outbound: object): Promise<void> {
  const response = await world.call("PATCH", `/admin/tenants/${world.tenantId}`, { key: OPERATOR_KEY, body: { outbound } });
  expect(response.status).toBe(200);
  forgetOutbound(world.tenantId);
}

test("nothing is to be asked where nothing is limited", async () => {
  const world = await makeWorld();
  expect(await placesFor({ ...world.deps, outboundLimits: { sms: { concurrency: 1 } } }, world, "email", free)).toEqual([]);
});

test("every place that limits the channel is named, from the widest to the narrowest", async () => {
  const world = await makeWorld();
  await limitTenant(world, { email: { rate_per_second: 20 }, sms: { concurrency: 1 } });
  const deps = { ...world.deps, outboundLimits: { email: { concurrency: 100 } } satisfies OutboundByChannel };
  const connection = { connectionId: "con_1", limits: { rate_per_second: 14 } };
  expect(await placesFor(deps, world, "email", connection)).toEqual([
    { name: "global/email", limits: { concurrency: 100 } },
    { name: `tenant/${world.tenantId}/email`, limits: { rate_per_second: 20 } },
    { name: "connection/con_1", limits: { rate_per_second: 14 } },
  ]);
  expect((await placesFor(deps, world, "push", free)).length).toBe(0);
  expect((await placesFor(deps, world, "sms", free)).map(({ name }) => name)).toEqual([`tenant/${world.tenantId}/sms`]);
});

test("a tenant's limits cost one read in ten seconds, and are those of that tenant alone", async () => {
  const [one, two] = [await makeWorld(), await makeWorld()];
  await limitTenant(one, { email: { concurrency: 5 } });
  const clock = { now: Date.now() };
  let reads = 0;
  const control = new Proxy(one.deps.control, {
    get: (target, property) => {
      if (property === "prepare") reads += 1;
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const ask = (world: World) => placesFor({ control, now: () => clock.now, outboundLimits: {} }, world, "email", free);
  expect(await ask(one)).toHaveLength(1);
  clock.now += 9_999;
  await ask(one);
  expect(reads).toBe(1);
  clock.now += 1;
  await ask(one);
  expect(reads).toBe(2);
  expect(await ask(two)).toEqual([]);
  expect(reads).toBe(3);
});
