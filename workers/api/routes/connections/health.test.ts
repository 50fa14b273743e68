import { beforeAll, describe, expect, test } from "vitest";
import type { Outcome } from "../../../../src/shared/core/breaker.ts";
import { eventually, makeWorld, OPERATOR_KEY, type World } from "../../../../src/shared/testing/world.ts";

const failed: Outcome = { kind: "failed", code: "503", reason: "Down for ada@example.com" };
const misconfigured: Outcome = { kind: "misconfigured", code: "InvalidClientTokenId", reason: "The security token is invalid" };
const credentials = { access_key_id: "AKIDEXAMPLE01", secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const ses = {
  channel: "email",
  provider: "ses",
  name: "SES Ireland",
  credentials,
  settings: { region: "eu-west-1", from: "Acme <no-reply@acme.example>" },
};

interface Health {
  readonly state: string;
  readonly [field: string]: unknown;
}

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

async function create(w = world): Promise<string> {
  const response = await w.call("POST", "/v1/connections", { body: ses });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

async function healthOf(id: string): Promise<Health> {
  return ((await (await world.call("GET", `/v1/connections/${id}`)).json()) as { health: Health }).health;
}

/** As deliveries over the connection would. */
async function attempts(id: string, ...outcomes: Outcome[]): Promise<void> {
  await world.deps.health.know(world.tenantId, [id]);
  for (const outcome of outcomes) world.deps.health.note(world.tenantId, id, outcome);
  await world.deps.health.flush();
}

const five = [failed, failed, failed, failed, failed];

async function noticesOf(id: string): Promise<string[]> {
  const { results } = await world.deps.control
    .prepare("SELECT type FROM notices WHERE tenant_id = ?1 AND subject = ?2 ORDER BY at, id")
    .bind(world.tenantId, id)
    .all<{ type: string }>();
  return results.map((notice) => notice.type);
}

describe("the health of a connection", () => {
  test("is closed for one that was never used, and for the sandbox", async () => {
    const closed = {
      state: "closed",
      since: null,
      until: null,
      code: null,
      reason: null,
      consecutive_failures: 0,
      window: { ok: 0, failed: 0 },
    };
    expect(await healthOf(await create())).toEqual(closed);
    const { data } = (await (await world.call("GET", "/v1/connections?limit=100")).json()) as { data: { health: Health }[] };
    expect(data.map((c) => c.health)).toEqual(data.map(() => closed));
    expect(data.length).toBeGreaterThan(6);
  });

  test("tells since when, how long and why one is out of use, in the list too", async () => {
    const id = await create();
    await attempts(id, { kind: "ok" }, ...five);
    const health = await healthOf(id);
    expect(health).toMatchObject({
      state: "open",
      code: "503",
      reason: "Down for (address)",
      consecutive_failures: 5,
      window: { ok: 1, failed: 5 },
    });
    expect(Date.parse(String(health.until)) - Date.parse(String(health.since))).toBe(60_000);
    const { data } = (await (await world.call("GET", "/v1/connections?limit=1")).json()) as { data: object[] };
    expect(data).toMatchObject([{ id, health }]);
  });

  test("tells a pause that the provider asked for", async () => {
    const id = await create();
    await attempts(id, { kind: "throttled", code: "TooManyRequests", retryAfterMs: 30_000 });
    expect(await healthOf(id)).toMatchObject({ state: "paused", code: "TooManyRequests", until: expect.any(String) });
  });

  test("is null where it cannot be asked, and everything else is shown", async () => {
    const away = {
      look: async () => null,
      reset: async () => {
        throw new Error("away");
      },
    };
    const cut = await makeWorld({ deps: { breakers: away } });
    const id = await create(cut);
    const shown = await cut.call("GET", `/v1/connections/${id}`);
    expect([shown.status, await shown.json()]).toMatchObject([200, { id, health: null, provider: "ses" }]);
    expect((await cut.call("PATCH", `/v1/connections/${id}`, { body: { credentials } })).status).toBe(200);
    expect((await cut.call("POST", `/v1/connections/${id}/reset`)).status).toBe(503);
  });
});

describe("a reset", () => {
  test("brings a connection back into use at once, with an audit row and a notice", async () => {
    const id = await create();
    await attempts(id, ...five);
    expect(world.deps.health.fitness(world.tenantId, id).kind).toBe("unfit");
    const response = await world.call("POST", `/v1/connections/${id}/reset`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id, health: { state: "closed", consecutive_failures: 0 } });
    expect(world.deps.health.fitness(world.tenantId, id)).toEqual({ kind: "fit" });
    const { results } = await world.deps.control
      .prepare("SELECT action, actor FROM audit WHERE tenant_id = ?1 AND target = ?2 ORDER BY at DESC, id DESC LIMIT 1")
      .bind(world.tenantId, id)
      .all();
    expect(results).toMatchObject([{ action: "connection.reset", actor: expect.stringMatching(/^key:/) }]);
    await eventually(async () => (await noticesOf(id)).length === 2);
    expect((await noticesOf(id)).sort()).toEqual(["connection.closed", "connection.opened"]);
  });

  test("is for keys that may change connections, and for one's own", async () => {
    const id = await create();
    const reader = await world.keyWith(["connections:read"]);
    expect((await world.call("POST", `/v1/connections/${id}/reset`, { key: reader })).status).toBe(403);
    const other = await makeWorld();
    expect((await other.call("POST", `/v1/connections/${id}/reset`)).status).toBe(404);
  });

  test("comes by itself with new credentials or settings, and not with another name", async () => {
    const id = await create();
    const change = (body: object) => world.call("PATCH", `/v1/connections/${id}`, { body });
    for (const mended of [{ credentials }, { settings: ses.settings }]) {
      await attempts(id, misconfigured);
      await change({ name: "Renamed" });
      expect(await healthOf(id)).toMatchObject({ state: "open", code: "InvalidClientTokenId" });
      expect(await (await change(mended)).json()).toMatchObject({ health: { state: "closed", code: null } });
    }
  });
});

describe("the operator", () => {
  test("sees what is out of use in all tenants, and counts by provider and state", async () => {
    const [open, mended, other] = [await create(), await create(), await makeWorld()];
    await attempts(open, misconfigured);
    await attempts(mended, ...five);
    await eventually(async () => (await noticesOf(open)).length === 1 && (await noticesOf(mended)).length === 1);
    const survey = async () => {
      const response = await other.call("GET", "/admin/providers", { key: OPERATOR_KEY });
      expect(response.status).toBe(200);
      return (await response.json()) as {
        data: { connection_id: string }[];
        counts: { provider: string; state: string; connections: number }[];
        more: boolean;
      };
    };
    const before = await survey();
    expect(before.data.find((c) => c.connection_id === open)).toMatchObject({
      tenant_id: world.tenantId,
      project_id: world.projectId,
      provider: "ses",
      name: "SES Ireland",
      enabled: true,
      health: { state: "open", code: "InvalidClientTokenId", until: expect.any(String) },
    });
    expect(before.more).toBe(false);
    const count = ({ counts }: typeof before, state: string) =>
      counts.find((c) => c.provider === "ses" && c.state === state)?.connections ?? 0;
    expect(count(before, "open")).toBeGreaterThanOrEqual(2);

    await world.call("POST", `/v1/connections/${mended}/reset`);
    const after = await survey();
    expect(after.data.map((c) => c.connection_id)).toContain(open);
    expect(after.data.map((c) => c.connection_id)).not.toContain(mended);
    expect([count(after, "open"), count(after, "closed")]).toEqual([count(before, "open") - 1, count(before, "closed") + 1]);
    const all = await world.deps.control.prepare("SELECT COUNT(*) AS n FROM connections").first<{ n: number }>();
    expect(after.counts.reduce((sum, c) => sum + c.connections, 0)).toBe(all?.n);
  });

  test("is the only one who sees it", async () => {
    expect((await world.call("GET", "/admin/providers")).status).toBe(401);
    expect((await world.call("GET", "/admin/providers", { key: null })).status).toBe(401);
  });
});
