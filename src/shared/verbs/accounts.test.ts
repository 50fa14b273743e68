import { describe, expect, test } from "vitest";
import { connectionsOf } from "../db/control/connections.ts";
import { makeWorld, type World } from "../testing/world.ts";
import { openAccounts } from "./accounts.ts";
import type { Deps } from "./deps.ts";

const credentials = { access_key_id: "AKIDEXAMPLE", secret_access_key: "secret" };
const settings = { region: "eu-west-1", from: "no-reply@acme.example" };

/** The world's dependencies with a clock of their own, and counts of what opening cost. */
function counted(world: World) {
  const counts = { unseals: 0, reads: 0 };
  const clock = { now: Date.now() };
  const control = new Proxy(world.deps.control, {
    get: (target, property) => {
      if (property === "prepare") counts.reads += 1;
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const deps: Pick<Deps, "control" | "unsealer" | "mailer" | "now"> = {
    mailer: null,
    control,
    now: () => clock.now,
    unsealer: {
      unseal: (jwe) => {
        counts.unseals += 1;
        return world.deps.unsealer.unseal(jwe);
      },
    },
  };
  return { deps, counts, clock };
}

async function connect(world: World, name: string, priority: number, over: object = {}): Promise<string> {
  const body = { channel: "email", provider: "ses", name, priority, credentials, settings, ...over };
  const response = await world.call("POST", "/v1/connections", { body });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

describe("openAccounts", () => {
  test("gives the enabled connections of each channel, opened, lowest priority number first", async () => {
    const world = await makeWorld();
    const second = await connect(world, "second", 20);
    const first = await connect(world, "first", 10);
    await connect(world, "off", 1, { enabled: false });
    const accounts = await openAccounts(counted(world).deps, world);
    const email = accounts.get("email") ?? [];
    expect(email.map((c) => c.connectionId).slice(0, 2)).toEqual([first, second]);
    expect(email.map((c) => c.provider.id)).toEqual(["ses", "ses", "sandbox"]);
    expect(email[0]).toMatchObject({ error: null, priority: 10, account: { connectionId: first, credentials, settings } });
    expect(accounts.get("sms")?.map((c) => c.provider.id)).toEqual(["sandbox"]);
  });

  test("costs nothing within ten seconds, and afterwards one read where nothing has changed", async () => {
    const world = await makeWorld();
    await connect(world, "only", 10);
    const { deps, counts, clock } = counted(world);
    const before = await openAccounts(deps, world);
    const cost = { ...counts };
    clock.now += 9_999;
    expect(await openAccounts(deps, world)).toBe(before);
    expect(counts).toEqual(cost);
    clock.now += 2;
    expect(await openAccounts(deps, world)).toEqual(before);
    expect(counts).toEqual({ reads: cost.reads + 1, unseals: cost.unseals });
  });

  test("opens each connection once for all who ask at the same time", async () => {
    const world = await makeWorld();
    await connect(world, "only", 10);
    const { deps, counts } = counted(world);
    const all = await Promise.all(Array.from({ length: 6 }, () => openAccounts(deps, world)));
    const accounts = all.map((accounts) => accounts.get("email")?.[0]?.account);
    expect(new Set(accounts).size).toBe(1);
    expect(counts.reads).toBe(1);
  });

  test("sees rotated credentials and a deletion at once where the change was made", async () => {
    const world = await makeWorld();
    const rotated = await connect(world, "rotated", 10);
    const deleted = await connect(world, "deleted", 20);
    const { deps } = counted(world);
    await openAccounts(deps, world);
    const fresh = { access_key_id: "AKIDEXAMPLE2", secret_access_key: "fresh" };
    await world.call("PATCH", `/v1/connections/${rotated}`, { body: { credentials: fresh } });
    await world.call("DELETE", `/v1/connections/${deleted}`);
    const email = (await openAccounts(deps, world)).get("email") ?? [];
    expect(email[0]?.account?.credentials).toEqual(fresh);
    expect(email.some((c) => c.connectionId === deleted)).toBe(false);
  });

  test("returns what cannot be opened with its reason, and the others as ever", async () => {
    const world = await makeWorld();
    const { control, unsealer } = world.deps;
    const good = await connect(world, "good", 50);
    const connections = connectionsOf(control, world);
    const row = await connections.get(good);
    if (!row) throw new Error("it was just made");
    const sealed = await world.deps.sealer.seal({ access_key_id: 1, secret_access_key: "do-not-tell" });
    await control.batch([
      connections.insert({ ...row, id: "con_1", priority: 1, credentials: "not.a.jwe" }),
      connections.insert({ ...row, id: "con_2", priority: 2, credentials: sealed.jwe }),
      connections.insert({ ...row, id: "con_3", priority: 3, settings: "{" }),
      connections.insert({ ...row, id: "con_4", priority: 4, provider: "pigeon" }),
      connections.insert({ ...row, id: "con_5", priority: 5, provider: "twilio" }),
    ]);
    const email = (await openAccounts({ control, unsealer, mailer: null, now: () => Date.now() }, world)).get("email") ?? [];
    expect(email.map((c) => [c.connectionId, c.account === null, c.error === null])).toEqual([
      ...["con_1", "con_2", "con_3", "con_4", "con_5"].map((id) => [id, true, false]),
      [good, false, true],
      [expect.any(String), false, true],
    ]);
    expect(email[3]?.provider.id).toBe("pigeon");
    expect(JSON.stringify(email.map((c) => c.error))).not.toContain("do-not-tell");
  });

  test("never mixes two projects", async () => {
    const [one, two] = [await makeWorld(), await makeWorld()];
    const id = await connect(one, "mine", 10);
    const { deps } = counted(one);
    expect((await openAccounts(deps, one)).get("email")?.[0]?.connectionId).toBe(id);
    expect((await openAccounts(deps, two)).get("email")?.map((c) => c.provider.id)).toEqual(["sandbox"]);
  });
});
