import { beforeAll, describe, expect, it } from "vitest";
import type { Signal } from "../contract/jobs.ts";
import { mintMessageIds, parseMessageId } from "../core/ids.ts";
import type { MessageEvent } from "../core/message.ts";
import { suppressionsOf } from "../db/control/suppressions.ts";
import type { KeyFailure } from "../ports/gate.ts";
import { SHARD, START, type Stage, stage, submission, yes } from "../testing/stage.ts";
import { bouncesInARow } from "./after-bounces.ts";
import { plan } from "./plan.ts";
import { record } from "./record.ts";

const logOf = (...types: MessageEvent["type"][]) => types.map((type, i): MessageEvent => ({ type, at: i, key: String(i) }));

it("counts what came back since the last that arrived", () => {
  const [back, there, silent] = [logOf("sent", "bounced"), logOf("sent", "delivered"), logOf("sent")];
  expect(bouncesInARow([back, silent, back, there, back])).toBe(2);
  expect(bouncesInARow([logOf("bounced", "delivered"), back])).toBe(0);
  expect(bouncesInARow([])).toBe(0);
});

describe("a mail that comes back", () => {
  let scene: Stage & { readonly noted: [string, number, readonly KeyFailure[]][] };
  beforeAll(async () => {
    const noted: [string, number, readonly KeyFailure[]][] = [];
    const made = await stage(yes);
    const gate: typeof made.deps.gate = (tenantId, shard) => ({
      ...made.world.deps.gate(tenantId, shard),
      noteFailures: async (failures) => void noted.push([tenantId, shard, failures]),
    });
    scene = { ...made, deps: { ...made.deps, gate }, noted };
  });

  /** Sends to each of these, and answers the first id. */
  async function send(to: readonly string[], over: object = {}): Promise<string> {
    // A second between sends: their ids are in the order in which they were sent.
    scene.clock.now += 1000;
    const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
    const place = { now: scene.clock.now, dbShard: SHARD, gateShard: 0, random };
    const one = submission(
      scene.world,
      {
        first: mintMessageIds({ at: 0, sequence: 0 }, to.length, place),
        order: { request_id: "req_1", key_id: "key_1", content: { email: { subject: "Hi", text: "There" } } },
        to: to.map((destination) => ({ channel: "email", destination })),
        ...over,
      },
      to.length,
    );
    await plan(scene.deps, scene.world.tenantId, [one]);
    return one.first;
  }
  const say = (message_id: string, type: Signal["type"], over: Partial<Signal> = {}) => {
    const signal = { message_id, type, key: `${type}:${message_id}`, at: START, delivery: 0, provider: "ses", ...over };
    return record(scene.deps, scene.world.tenantId, parseMessageId(message_id)?.dbShard ?? -1, [signal]);
  };
  const listed = async () => {
    const rows = await suppressionsOf(scene.deps.control, scene.world).list({}, null, 10);
    return rows.map(({ destination, reason, source }) => [destination, reason, source]);
  };

  it("is told to the gate of the key that sent it, once, whether it was sent alone or among many", async () => {
    scene.noted.length = 0;
    const ids = [await send(["a@example.com"]), await send(["b@example.com", "c@example.com"])];
    for (const id of [...ids, ...ids]) await say(id, "bounced");
    const failure = { keyId: "key_1", acceptedAt: expect.any(Number) };
    expect(scene.noted).toEqual([
      [scene.world.tenantId, 0, [failure]],
      [scene.world.tenantId, 0, [failure]],
    ]);
  });

  it("is told to nobody where it was a test, or the sandbox says so, or it is no mail of ours", async () => {
    scene.noted.length = 0;
    await say(await send(["d@example.com"], { mode: "test" }), "bounced");
    await say(await send(["d@example.com"]), "bounced", { provider: "sandbox" });
    await say(submission(scene.world).first, "bounced");
    expect(scene.noted).toEqual([]);
  });

  it("the fifth time in a row is not followed by another; a delivery between, or a month, begins anew", async () => {
    const bounceTimes = async (to: string, n: number) => {
      for (let i = 0; i < n; i++) await say(await send([to]), "bounced");
    };
    await bounceTimes("four@example.com", 4);
    await say(await send(["four@example.com"]), "delivered");
    await bounceTimes("four@example.com", 4);
    expect(await listed()).toEqual([]);
    await bounceTimes("five@example.com", 5);
    expect(await listed()).toEqual([["five@example.com", "bounce", "soft_bounces"]]);

    await bounceTimes("seldom@example.com", 4);
    scene.clock.now += 31 * 86_400_000;
    await bounceTimes("seldom@example.com", 1);
    expect(await listed()).toHaveLength(1);
  });

  it("costs no question about it where all arrive", async () => {
    const id = await send(["well@example.com"]);
    const shards = scene.deps.shards.map(
      (db) =>
        new Proxy(db, {
          get(target, property) {
            const value: unknown = Reflect.get(target, property);
            if (property !== "prepare") return typeof value === "function" ? value.bind(target) : value;
            return (sql: string) => {
              if (/NOT EXISTS \(SELECT 1 FROM json_each\(m.log\)/.test(sql) || sql.includes("messages_recipient"))
                throw new Error("asked");
              return target.prepare(sql);
            };
          },
        }),
    );
    const asking = { ...scene, deps: { ...scene.deps, shards } };
    const tell = (type: Signal["type"]) =>
      record(asking.deps, scene.world.tenantId, parseMessageId(id)?.dbShard ?? -1, [
        { message_id: id, type, key: type, at: START, delivery: 0, provider: "ses" },
      ]);
    await tell("delivered");
    await expect(tell("bounced")).rejects.toThrow("asked");
  });
});
