import { beforeAll, describe, expect, it } from "vitest";
import { makeWorld, type World } from "../../../../src/shared/testing/world.ts";
import { authenticate } from "../../../../src/shared/verbs/authenticate.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

interface Project {
  id: string;
  name: string;
  settings: { idempotency_seconds: number; retry: object; retry_by_channel: Record<string, object> };
  live_key: string;
  callback_secret: string;
  test_key: string;
}

async function ok<T>(response: Promise<Response>, status = 200): Promise<T> {
  const answer = await response;
  expect(answer.status, await answer.clone().text()).toBe(status);
  return (await answer.json()) as T;
}

const make = (body: object, w = world) => ok<Project>(w.call("POST", "/v1/projects", { body }), 201);
const NO_TRACKING = { opens: false, clicks: false };
const FAIL_OVER = ["transient", "throttled", "misconfigured"];
const QUICK = { steps_seconds: [1, 2.5], cap_seconds: 60, total_seconds: 600 };
const DEFAULT = { steps_seconds: [10, 60, 300], cap_seconds: 3600, total_seconds: 86_400 };
const sms = { to: [{ channel: "sms", destination: "+447700900123" }], content: { sms: { text: "Hi" } } };

describe("a new project", () => {
  it("can send at once with both of its keys, and its messages are its own", async () => {
    const made = await make({ name: "Second" });
    expect(made.settings).toEqual({
      idempotency_seconds: 86_400,
      retry: DEFAULT,
      retry_by_channel: {},
      fail_over_on: FAIL_OVER,
      tracking: NO_TRACKING,
      unsubscribe: "marketing",
      sms_max_segments: 10,
    });
    for (const key of [made.live_key, made.test_key]) {
      const { message_ids } = await ok<{ message_ids: string[] }>(world.call("POST", "/v1/send", { key, body: sms }), 202);
      await ok(world.call("GET", `/v1/messages/${message_ids[0]}`, { key }));
      expect((await world.call("GET", `/v1/messages/${message_ids[0]}`)).status).toBe(404);
    }
    const connections = (key: string) => ok<{ data: object[] }>(world.call("GET", "/v1/connections", { key }));
    expect((await connections(made.live_key)).data).toHaveLength(6);
    const bare = await make({ name: "Bare", sandbox: false });
    expect((await connections(bare.live_key)).data).toEqual([]);
  });

  it("begins with the settings that it is given", async () => {
    const made = await make({
      name: "Set",
      settings: { idempotency_seconds: 60, retry: QUICK, retry_by_channel: { sms: DEFAULT, push: null }, sms_max_segments: 3 },
    });
    expect(made.settings).toEqual({
      idempotency_seconds: 60,
      retry: QUICK,
      retry_by_channel: { sms: DEFAULT },
      fail_over_on: FAIL_OVER,
      tracking: NO_TRACKING,
      unsubscribe: "marketing",
      sms_max_segments: 3,
    });
    const { live_key: _, test_key: __, callback_secret: ___, ...shown } = made;
    expect(await ok(world.call("GET", `/v1/projects/${made.id}`))).toEqual(shown);
  });
});

describe("the projects of a tenant", () => {
  it("are listed on pages, each once, for a key of any of them", async () => {
    const w = await makeWorld();
    const made = [await make({ name: "b" }, w), await make({ name: "c" }, w)];
    const seen: string[] = [];
    for (let cursor = ""; seen.length < 10; ) {
      const path = `/v1/projects?limit=2${cursor}`;
      const page = await ok<{ data: Project[]; next_cursor: string | null }>(
        w.call("GET", path, { key: made[0]?.live_key ?? "" }),
      );
      seen.push(...page.data.map(({ id }) => id));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    expect(seen).toEqual([w.projectId, ...made.map(({ id }) => id)].sort().reverse());
  });
});

describe("a change", () => {
  it("touches what it names and nothing else, and null gives a channel back to the project's policy", async () => {
    const { id } = await make({ name: "Before" });
    const patch = (body: object) => ok<Project>(world.call("PATCH", `/v1/projects/${id}`, { body }));
    expect((await patch({ settings: { retry_by_channel: { email: QUICK, sms: QUICK } } })).settings.retry).toEqual(DEFAULT);
    expect((await patch({ settings: { retry: QUICK, retry_by_channel: { sms: null } } })).settings).toEqual({
      idempotency_seconds: 86_400,
      retry: QUICK,
      retry_by_channel: { email: QUICK },
      fail_over_on: FAIL_OVER,
      tracking: NO_TRACKING,
      unsubscribe: "marketing",
      sms_max_segments: 10,
    });
    const now = await patch({ name: "After" });
    expect(now).toMatchObject({ name: "After", settings: { retry: QUICK, retry_by_channel: { email: QUICK } } });
    expect(await patch({})).toEqual(now);
  });

  it("stands in the audit log with who made it, and no change leaves no row", async () => {
    const { id } = await make({ name: "Audited" });
    for (const body of [{ settings: { idempotency_seconds: 120 } }, {}, { settings: {} }]) {
      await ok(world.call("PATCH", `/v1/projects/${id}`, { body }));
    }
    const { results } = await world.deps.control
      .prepare("SELECT action, actor, project_id, details FROM audit WHERE tenant_id = ? AND target = ? ORDER BY at, id")
      .bind(world.tenantId, id)
      .all();
    expect(results).toEqual([
      { action: "project.created", actor: expect.stringMatching(/^key:key_/), project_id: id, details: '{"name":"Audited"}' },
      {
        action: "project.updated",
        actor: expect.stringMatching(/^key:key_/),
        project_id: id,
        details: '{"settings":{"idempotencySeconds":120}}',
      },
    ]);
  });

  it("is what the next send of this isolate goes by, though its caller was cached", async () => {
    const w = await makeWorld();
    const seconds = async () => (await authenticate(w.deps, w.liveKey, true)).project.idempotencySeconds;
    await ok(w.call("POST", "/v1/send", { body: sms }), 202);
    expect(await seconds()).toBe(86_400);
    await ok(w.call("PATCH", `/v1/projects/${w.projectId}`, { body: { settings: { idempotency_seconds: 600 } } }));
    expect(await seconds()).toBe(600);
  });

  it("is not undone by a look-up that began before it", async () => {
    const w = await makeWorld();
    const held = Promise.withResolvers<void>();
    const read = Promise.withResolvers<void>();
    /** Answers with the row as it was when asked, and not before the change stands. */
    const late = (query: D1PreparedStatement): D1PreparedStatement =>
      new Proxy(query, {
        get(target, property) {
          const value: unknown = Reflect.get(target, property);
          if (typeof value !== "function") return value;
          return (...args: unknown[]) => {
            const answer: unknown = value.apply(target, args);
            if (property === "bind") return late(answer as D1PreparedStatement);
            return Promise.resolve(answer).then(async (rows) => {
              read.resolve();
              await held.promise;
              return rows;
            });
          };
        },
      });
    const control = new Proxy(w.deps.control, {
      get: (target, property) =>
        property === "prepare" ? (sql: string) => late(target.prepare(sql)) : Reflect.get(target, property),
    });
    const slow = authenticate({ control, now: w.deps.now }, w.liveKey, true);
    await read.promise;
    await ok(w.call("PATCH", `/v1/projects/${w.projectId}`, { body: { settings: { idempotency_seconds: 600 } } }));
    held.resolve();
    expect((await slow).project.idempotencySeconds).toBe(86_400);
    expect((await authenticate(w.deps, w.liveKey, true)).project.idempotencySeconds).toBe(600);
  });

  it.each([
    [{ idempotency_seconds: 59 }, "settings.idempotency_seconds"],
    [{ idempotency_seconds: 2_592_001 }, "settings.idempotency_seconds"],
    [{ retry: { ...QUICK, steps_seconds: [] } }, "settings.retry.steps_seconds"],
    [{ retry: { ...QUICK, steps_seconds: Array(11).fill(1) } }, "settings.retry.steps_seconds"],
    [{ retry: { ...QUICK, steps_seconds: [0.5] } }, "settings.retry.steps_seconds[0]"],
    [{ retry: { ...QUICK, total_seconds: 604_801 } }, "settings.retry.total_seconds"],
    [{ retry: { steps_seconds: [1], cap_seconds: 60 } }, "settings.retry.total_seconds"],
    [{ retry_by_channel: { pigeon: QUICK } }, "settings.retry_by_channel"],
  ])("to %j is refused at %s", async (settings, path) => {
    const response = await world.call("PATCH", `/v1/projects/${world.projectId}`, { body: { settings } });
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: { path: string }[] };
    expect(errors.map((e) => e.path).join()).toContain(path);
  });
});
