import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { Place } from "../core/outbound.ts";
import type { LeasePlace } from "../ports/lessor.ts";
import type { LogLine } from "../verbs/deps.ts";
import { leaseClient, leasePlaces } from "./lease-client.ts";

const namespace = (env as unknown as { PROVIDER_LEASE: DurableObjectNamespace }).PROVIDER_LEASE;
let suites = 0;

/** A client over the real objects that writes down every call, with places of its own. */
function makeClient(broken: (name: string) => LeasePlace | undefined = () => undefined) {
  const suite = suites++;
  const calls: string[] = [];
  const logged: LogLine[] = [];
  const real = leasePlaces(namespace);
  const lessor = leaseClient(
    (name) => {
      const kind = name.slice(0, name.indexOf("/"));
      const place = broken(name) ?? real(name);
      return {
        take: (limits, want, stays) => {
          calls.push(`take ${kind} ${want}`);
          return place.take(limits, want, stays);
        },
        giveBack: (limits, lease, unused, kept) => {
          calls.push(`back ${kind} ${unused} ${kept}`);
          return place.giveBack(limits, lease, unused, kept);
        },
      };
    },
    (line) => logged.push(line),
  );
  const place = (kind: string, limits: Place["limits"]): Place => ({ name: `${kind}/lease_client_test_${suite}`, limits });
  return { lessor, calls, logged, place };
}

test("nothing is asked where nothing is limited", async () => {
  const { lessor, calls, place } = makeClient();
  for (const places of [[], [place("global", {}), place("tenant", {}), place("connection", {})]]) {
    const permits = await lessor.take(places, 50);
    expect(permits).toMatchObject({ granted: 50, retryAfterMs: 0 });
    await permits.release(50);
  }
  expect(calls).toEqual([]);
});

test("places are asked from the widest to the narrowest, and what the last one does not grant goes back to the others", async () => {
  const { lessor, calls, place } = makeClient();
  const places = [
    place("connection", { rate_per_second: 4 }),
    place("global", { concurrency: 40 }),
    place("tenant", { rate_per_second: 20 }),
  ];
  const permits = await lessor.take(places, 50);
  expect(permits.granted).toBe(4);
  expect(permits.retryAfterMs).toBeGreaterThan(0);
  expect(calls).toEqual(["take global 50", "take tenant 40", "take connection 20", "back global 36 4", "back tenant 16 4"]);
  calls.length = 0;

  const others = await lessor.take([place("global", { concurrency: 40 }), place("tenant", { rate_per_second: 20 })], 50);
  expect(others.granted, "what went back is there for others").toBeGreaterThanOrEqual(16);
  await others.release(0);
  calls.length = 0;

  await permits.release(0);
  await permits.release(0);
  expect(calls, "only what is held is given back, and once").toEqual(["back global 0 0"]);
  expect((await lessor.take([place("global", { concurrency: 40 })], 50)).granted).toBe(40);
});

test("permits that were not used go back to every place", async () => {
  const { lessor, calls, place } = makeClient();
  const places = [place("tenant", { rate_per_second: 0.01 }), place("connection", { concurrency: 1 })];
  const permits = await lessor.take(places, 1);
  expect(permits.granted).toBe(1);
  await permits.release(1);
  expect(calls.slice(2).sort()).toEqual(["back connection 1 0", "back tenant 1 0"]);
  expect((await lessor.take(places, 1)).granted).toBe(1);
  expect((await lessor.take(places, 1)).granted).toBe(0);
});

test("a place that has nothing ends the asking, and holds nothing of the others", async () => {
  const { lessor, calls, place } = makeClient();
  const tenant = place("tenant", { rate_per_second: 0.01 });
  const all = [place("global", { concurrency: 2 }), tenant, place("connection", { concurrency: 2 })];
  await lessor.take([tenant], 1);
  calls.length = 0;
  const permits = await lessor.take(all, 2);
  expect(permits.granted).toBe(0);
  await permits.release(0);
  expect(calls).toEqual(["take global 2", "take tenant 2", "back global 2 0"]);
  expect((await lessor.take([place("global", { concurrency: 2 })], 2)).granted).toBe(2);
});

test("a place that cannot be asked counts as free, and is logged; nothing is given back to it", async () => {
  const down: LeasePlace = {
    take: () => Promise.reject(new Error("overloaded")),
    giveBack: () => Promise.reject(new Error("overloaded")),
  };
  const { lessor, calls, logged, place } = makeClient((name) => (name.startsWith("tenant/") ? down : undefined));
  const permits = await lessor.take([place("tenant", { concurrency: 1 }), place("connection", { concurrency: 3 })], 5);
  expect(permits.granted).toBe(3);
  await permits.release(0);
  expect(calls).toEqual(["take tenant 5", "take connection 5", "back connection 0 0"]);
  expect(logged).toMatchObject([{ level: "error", event: "place_not_asked", error: "Error: overloaded" }]);
});

test("permits that cannot be given back are logged, and nobody fails for it", async () => {
  const { lessor, logged, place } = makeClient(() => ({
    take: async (_, want) => ({ lease: "l", granted: want, retryAfterMs: 0 }),
    giveBack: () => Promise.reject(new Error("gone")),
  }));
  const permits = await lessor.take([place("connection", { concurrency: 3 })], 2);
  await permits.release(1);
  expect(logged).toMatchObject([{ event: "permits_not_given_back" }]);
});
