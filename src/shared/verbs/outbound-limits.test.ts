import { afterEach, expect, test, vi } from "vitest";
import { START, type Stage, stage, submission, yes } from "../testing/stage.ts";
import { OPERATOR_KEY } from "../testing/world.ts";
import { plan } from "./plan.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** Moves the clock of the deliveries and that of the objects. */
function setClock(s: Stage, at: number): void {
  s.clock.now = at;
  vi.setSystemTime(at);
}

test("a connection's rate holds from the API to the carrier, and every message goes out in its time", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
  const s = await stage(yes);
  setClock(s, START);
  const limits = { rate_per_second: 3 };
  await s.world.call("PATCH", `/v1/connections/${s.connections[0]}`, { body: { limits } });
  await plan(s.deps, s.world.tenantId, [submission(s.world, {}, 20)]);
  let rings = 0;
  for (let second = 0; s.carried.length < 20; second++) {
    expect(second, "it ends").toBeLessThan(20);
    setClock(s, START + second * 1000);
    rings += s.bells.length;
    await s.ring(s.bells.slice());
    expect(s.carried.length).toBeLessThanOrEqual(3 + second * 3);
  }
  expect(new Set(s.carried).size).toBe(20);
  expect(rings).toBeLessThan(100);
});

test("the tightest of the deployment's, the tenant's and the connection's limits holds", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
  const s = await stage(yes, { outboundLimits: { email: { concurrency: 50 } } });
  setClock(s, START);
  const outbound = { email: { rate_per_second: 5 } };
  await s.world.call("PATCH", `/admin/tenants/${s.world.tenantId}`, { key: OPERATOR_KEY, body: { outbound } });
  await s.world.call("PATCH", `/v1/connections/${s.connections[0]}`, { body: { limits: { rate_per_second: 14 } } });
  await plan(s.deps, s.world.tenantId, [submission(s.world, {}, 20)]);
  await s.ring(s.bells.splice(0));
  expect(s.carried).toHaveLength(5);
});
