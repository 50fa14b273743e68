import { describe, expect, test } from "vitest";
import { messageOf } from "../core/held-message.ts";
import { messageIdAt, mintMessageIds } from "../core/ids.ts";
import type { Submission } from "../core/message.ts";
import type { Gate } from "../ports/gate.ts";
import { makeWorld } from "../testing/world.ts";
import type { Deps } from "./deps.ts";
import { type InLine, turnOf } from "./ordering.ts";
import { plan } from "./plan.ts";

const START = Date.UTC(2026, 10, 20);
const mint = { at: 0, sequence: 0 };
const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));

/** A tenant whose rows and gate are as a test puts them; everything that is asked is counted. */
async function stage() {
  const world = await makeWorld();
  const asked = { gate: [] as string[], statements: 0 };
  const held = new Map<string, Submission>();
  let gateFails = false;
  const shards = world.deps.shards.map(
    (db) =>
      new Proxy(db, {
        get: (target, name) => {
          const real = Reflect.get(target, name) as unknown;
          if (name === "prepare") asked.statements += 1;
          return typeof real === "function" ? real.bind(target) : real;
        },
      }),
  );
  const deps: Deps = {
    ...world.deps,
    now: () => START,
    log: () => undefined,
    shards,
    gate: (): Gate =>
      ({
        find: async (id: string) => {
          asked.gate.push(id);
          if (gateFails) throw new Error("no answer");
          return held.get(id) ?? null;
        },
      }) as unknown as Gate,
    ringer: { ...world.deps.ringer, ring: async () => undefined },
  };
  /** A message behind another, in a database. */
  const make = (after: Submission | string | null, over: Partial<Submission> & { db?: number } = {}): Submission => {
    const { db = 0, ...rest } = over;
    const id = after === null || typeof after === "string" ? after : after.first;
    return {
      first: mintMessageIds(mint, 1, { now: START, dbShard: db, gateShard: 0, random }),
      project_id: world.projectId,
      mode: "live",
      priority: "normal",
      accepted_at: START,
      due_at: START,
      expires_at: null,
      order: { request_id: "req_1", content: { sms: { text: "Hi" } }, ordering_key: "k" },
      to: [{ channel: "sms", destination: "+447700900123" }],
      ...(id === null ? {} : { after: [id] }),
      ...rest,
    };
  };
  const put = (...some: Submission[]) => plan(deps, world.tenantId, some);
  const set = async (one: Submission, status: string, tries = 0) => {
    const attempts = JSON.stringify(Array.from({ length: tries }, (_, i) => ({ n: i + 1 })));
    for (const db of world.deps.shards) {
      await db
        .prepare("UPDATE messages SET status = ?1, deliveries = json_set(deliveries, '$[0].attempts', json(?2)) WHERE id = ?3")
        .bind(status, attempts, one.first)
        .run();
    }
  };
  const inLine = (one: Submission): InLine => {
    const message = messageOf(world.tenantId, one, 0, START);
    const [delivery] = message.deliveries;
    if (!delivery) throw new Error("no delivery");
    return { messageId: message.id, delivery };
  };
  const turns = async (...some: Submission[]) => {
    Object.assign(asked, { gate: [], statements: 0 });
    const found = await turnOf(deps, world.tenantId, some.map(inLine));
    return some.map((one) => found.get(one.first));
  };
  const go = { kind: "go" };
  const behind = (one: Submission) => ({ kind: "wait", behind: one.first });
  return { deps, world, asked, held, make, put, set, turns, inLine, go, behind, failGate: () => (gateFails = true) };
}

describe("whose turn it is", () => {
  test("costs nothing where no message has one before it", async () => {
    const s = await stage();
    const [a, b] = [s.make(null), s.make(null)];
    await s.put(a, b);
    expect(await s.turns(a, b)).toEqual([undefined, undefined]);
    expect(s.asked).toEqual({ gate: [], statements: 0 });
  });

  test("costs one statement for a whole pack of long lines, and asks no gate", async () => {
    const s = await stage();
    const lines = Array.from({ length: 5 }, () => {
      const line = [s.make(null)];
      for (let i = 1; i < 10; i++) line.push(s.make(line[i - 1] ?? null));
      return line;
    });
    await s.put(...lines.flat());
    const second = lines.map((line) => line[1] ?? s.make(null));
    const last = lines.map((line) => line[9] ?? s.make(null));
    const turns = await s.turns(...second, ...last);
    expect(s.asked).toEqual({ gate: [], statements: 1 });
    expect(turns.slice(0, 5)).toMatchObject(lines.map((line) => ({ ...s.behind(line[0] ?? s.make(null)), until: START + 1000 })));
    // Nine stand in front, and nothing holds up the first of them.
    expect(turns.slice(5)).toMatchObject(lines.map((line) => ({ ...s.behind(line[8] ?? s.make(null)), until: START + 4500 })));
  });

  test("is decided by the row of the earlier one, whichever database it lies in", async () => {
    const s = await stage();
    const [a, b] = [s.make(null, { db: 0 }), s.make(null, { db: 1 })];
    const [a2, b2] = [s.make(a, { db: 1 }), s.make(b, { db: 0 })];
    await s.put(a, b, a2, b2);
    expect(await s.turns(a2, b2)).toMatchObject([s.behind(a), s.behind(b)]);
    expect(s.asked).toEqual({ gate: [], statements: 2 });
    await s.set(a, "sent", 1);
    expect(await s.turns(a2, b2)).toMatchObject([s.go, s.behind(b)]);
    await s.set(b, "failed", 3);
    expect(await s.turns(a2, b2)).toMatchObject([s.go, s.go]);
  });

  test("comes after one failed try with skip, and after the last with wait", async () => {
    const s = await stage();
    const a = s.make(null);
    const [waits, skips] = [s.make(a), s.make(a, { order: { request_id: "r", ordering_key: "k", ordering: "skip" } })];
    await s.put(a, waits, skips);
    expect(await s.turns(waits, skips)).toMatchObject([s.behind(a), s.behind(a)]);
    await s.set(a, "queued", 1);
    expect(await s.turns(waits, skips)).toMatchObject([s.behind(a), s.go]);
    await s.set(a, "failed", 2);
    expect(await s.turns(waits, skips)).toMatchObject([s.go, s.go]);
  });

  test("comes to one that was planned before the one in front of it, once that one is out of its gate and sent", async () => {
    const s = await stage();
    const a = s.make(null);
    const b = s.make(a);
    await s.put(b);
    s.held.set(a.first, a);
    expect(await s.turns(b)).toMatchObject([s.behind(a)]);
    expect(s.asked.gate).toEqual([a.first]);
    s.held.delete(a.first);
    await s.put(a);
    expect(await s.turns(b)).toMatchObject([s.behind(a)]);
    expect(s.asked.gate).toEqual([]);
    await s.set(a, "sent", 1);
    expect(await s.turns(b)).toMatchObject([s.go]);
  });

  test("is not held up by one that is nowhere, nor forgotten where a gate does not answer", async () => {
    const s = await stage();
    const a = s.make(null);
    const b = s.make(a);
    await s.put(b);
    expect(await s.turns(b)).toMatchObject([s.go]);
    s.failGate();
    expect(await s.turns(b)).toMatchObject([{ ...s.behind(a), until: START + 1000 }]);
    expect(await s.turns(s.make("not an id"))).toMatchObject([s.go]);
  });

  test("is the same when those between are cancelled, wherever they are", async () => {
    const s = await stage();
    const a = s.make(null, { db: 1 });
    const b = s.make(a, { db: 0 });
    const c = s.make(b, { db: 1, cancelled_at: START });
    const d = s.make(c, { db: 0 });
    await s.put(a, b, d);
    await s.set(b, "cancelled");
    s.held.set(c.first, c);
    // d → c, cancelled in its gate → b, cancelled as a row → a, in the other database.
    expect(await s.turns(d)).toMatchObject([s.behind(a)]);
    await s.set(a, "delivered", 1);
    expect(await s.turns(d)).toMatchObject([s.go]);
  });

  test("of another tenant is nobody's business: its messages are nowhere", async () => {
    const [s, other] = [await stage(), await stage()];
    const a = other.make(null);
    await other.put(a);
    const b = s.make(a);
    await s.put(b);
    expect(await s.turns(b)).toMatchObject([s.go]);
  });
});

test("a run with several recipients keeps for each the one before it", async () => {
  const s = await stage();
  const [a, b] = [s.make(null), s.make(null)];
  const [one] = a.to;
  if (!one) throw new Error("no recipient");
  const first = mintMessageIds(mint, 3, { now: START, dbShard: 0, gateShard: 0, random });
  const run: Submission = { ...s.make(null), first, to: [one, one, one], after: [a.first, null, b.first] };
  await s.put(a, b, run);
  const ids = [0, 1, 2].map((i) => messageIdAt(first, i));
  const rows = await s.world.deps.shards[0]
    ?.prepare("SELECT deliveries ->> '$[0].after' AS after FROM messages WHERE id IN (?, ?, ?) ORDER BY id")
    .bind(...ids)
    .all<{ after: string | null }>();
  expect(rows?.results.map((row) => row.after)).toEqual([a.first, null, b.first]);
});
