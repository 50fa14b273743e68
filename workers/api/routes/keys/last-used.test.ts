import { expect, it } from "vitest";
import { makeWorld } from "../../../../src/shared/testing/world.ts";

/** A world with a clock in hand, that counts writes of `last_used_at`, and can refuse them. */
async function stage() {
  const start = Date.now();
  const state = { aheadMs: 0, writes: 0, isDown: false };
  const quiet = await makeWorld();
  const control = new Proxy(quiet.deps.control, {
    get: (target, property) => {
      if (property !== "prepare") {
        const value: unknown = Reflect.get(target, property);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return (sql: string) => {
        if (/UPDATE api_keys SET last_used_at/.test(sql)) {
          state.writes += 1;
          if (state.isDown) throw new Error("D1 is away");
        }
        return target.prepare(sql);
      };
    },
  });
  const now = () => start + state.aheadMs;
  const world = await makeWorld({ deps: { control, now, log: () => undefined } });
  const read = (key = world.liveKey) => world.call("GET", "/v1/messages", { key });
  const lastUsed = async (key = world.liveKey) => {
    const row = world.deps.control.prepare(
      "SELECT last_used_at AS at FROM api_keys WHERE tenant_id = ? AND hint = ? AND mode = ?",
    );
    const found = await row
      .bind(world.tenantId, key.slice(0, 12), key === world.testKey ? "test" : "live")
      .first<{ at: number | null }>();
    return found?.at ?? null;
  };
  return { world, state, start, read, lastUsed };
}

it("two reads in a row cost one write, and the list of keys shows when", async () => {
  const { world, state, start, read, lastUsed } = await stage();
  expect(await lastUsed()).toBeNull();
  await read();
  await read();
  expect(state.writes).toBe(1);
  const { data } = (await (await world.call("GET", "/v1/keys")).json()) as {
    data: { mode: string; last_used_at: string | null }[];
  };
  expect(data.map(({ mode, last_used_at }) => [mode, last_used_at]).sort()).toEqual([
    ["live", new Date(start).toISOString()],
    ["test", null],
  ]);
  expect(state.writes).toBe(1);
});

it("a burst of reads costs one write", async () => {
  const { state, read } = await stage();
  await Promise.all(Array.from({ length: 20 }, () => read()));
  expect(state.writes).toBe(1);
});

it("moves on after a minute, and not before", async () => {
  const { state, start, read, lastUsed } = await stage();
  await read();
  state.aheadMs = 59_999;
  await read();
  expect([state.writes, await lastUsed()]).toEqual([1, start]);
  state.aheadMs = 60_000;
  await read();
  expect([state.writes, await lastUsed()]).toEqual([2, start + 60_000]);
});

it("a write that fails takes nothing from the request, and is made by the next", async () => {
  const { state, start, read, lastUsed } = await stage();
  state.isDown = true;
  expect((await read()).status).toBe(200);
  expect(await lastUsed()).toBeNull();
  state.isDown = false;
  await read();
  expect(await lastUsed()).toBe(start);
});

it("a key that is refused by its scope is a key in use", async () => {
  const { world, start } = await stage();
  const key = await world.keyWith(["templates:read"]);
  expect((await world.call("GET", "/v1/messages", { key })).status).toBe(403);
  const { data } = (await (await world.call("GET", "/v1/keys")).json()) as {
    data: { name: string; last_used_at: string | null }[];
  };
  expect(data.find(({ name }) => name === "scoped")?.last_used_at).toBe(new Date(start).toISOString());
});
