import { expect, test } from "vitest";
import { makeWorld, OPERATOR_KEY, type World } from "../../../../src/shared/testing/world.ts";

const patch = (world: World, body: object) =>
  world.call("PATCH", `/admin/tenants/${world.tenantId}`, { key: OPERATOR_KEY, body });
const own = async (world: World) =>
  ((await (await world.call("GET", "/v1/tenants")).json()) as { data: Record<string, unknown>[]; next_cursor: null }).data;

test("a tenant reads its own limits, and nothing of how it is placed or watched", async () => {
  const world = await makeWorld({ limits: { ratePerSecond: 7, burst: 9 } });
  await patch(world, { outbound: { sms: { concurrency: 3 } } });
  const [tenant, ...others] = await own(world);
  expect(others).toEqual([]);
  expect(tenant).toMatchObject({
    id: world.tenantId,
    name: "World",
    status: "active",
    limits: { rate_per_second: 7, burst: 9, monthly_messages: null, critical_exempt: true },
    outbound: { sms: { concurrency: 3 } },
    created_at: expect.any(String),
  });
  expect(Object.keys(tenant ?? {}).sort()).toEqual(["created_at", "id", "limits", "name", "outbound", "status"]);
});

test("the operator sets what a tenant may send by channel, each channel's limits whole, and takes them away with null", async () => {
  const world = await makeWorld();
  const outboundAfter = async (outbound: object) => {
    const response = await patch(world, { outbound });
    expect(response.status, await response.clone().text()).toBe(200);
    const { outbound: now } = (await response.json()) as { outbound: object };
    expect((await own(world))[0]?.outbound).toEqual(now);
    return now;
  };
  expect(await outboundAfter({})).toEqual({});
  const both = { rate_per_second: 0.5, concurrency: 2 };
  expect(await outboundAfter({ email: both, push: { rate_per_second: 100_000 } })).toEqual({
    email: both,
    push: { rate_per_second: 100_000 },
  });
  expect(await outboundAfter({ email: { concurrency: 10_000 } })).toEqual({
    email: { concurrency: 10_000 },
    push: { rate_per_second: 100_000 },
  });
  expect(await outboundAfter({ push: null, email: {} })).toEqual({});
  const { results } = await world.deps.control
    .prepare("SELECT details FROM audit WHERE tenant_id = ? AND action = 'tenant.updated' ORDER BY id")
    .bind(world.tenantId)
    .all<{ details: string }>();
  expect(results.map(({ details }) => JSON.parse(details))[2]).toEqual({
    limits: { outbound: { email: { rate_per_second: null, concurrency: 10_000 } } },
  });
});

test.each([
  [{ email: { rate_per_second: 0 } }, "outbound.email.rate_per_second"],
  [{ email: { rate_per_second: 100_001 } }, "outbound.email.rate_per_second"],
  [{ sms: { concurrency: 0 } }, "outbound.sms.concurrency"],
  [{ sms: { concurrency: 10_001 } }, "outbound.sms.concurrency"],
  [{ sms: { concurrency: 1.5 } }, "outbound.sms.concurrency"],
  [{ fax: {} }, "outbound.fax"],
])("%j is refused at its place", async (outbound, path) => {
  const world = await makeWorld();
  const response = await patch(world, { outbound });
  expect(response.status).toBe(422);
  expect(((await response.json()) as { errors: { path: string }[] }).errors.map((e) => e.path)).toEqual([path]);
});
