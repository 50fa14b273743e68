import { describe, expect, test } from "vitest";
import { mintMessageIds } from "../core/ids.ts";
import type { Message, Order, Recipient, Submission } from "../core/message.ts";
import { pruneDedupes } from "../db/messages/dedupes.ts";
import { messagesOf } from "../db/messages/read.ts";
import { eventually, makeWorld, type World } from "../testing/world.ts";
import type { Deps } from "./deps.ts";
import { plan } from "./plan.ts";
import { sweep } from "./sweep.ts";

const START = Date.UTC(2026, 10, 20);
const mint = { at: 0, sequence: 0 };
const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
const ada: Recipient = { channel: "sms", destination: "+447700900123" };

interface Asked {
  readonly at?: number;
  readonly db?: number;
  readonly to?: readonly Recipient[];
  readonly order?: Partial<Order>;
  readonly over?: Partial<Submission>;
}

/** A planner with a clock, over a tenant of its own in both databases, whose bells nobody hears. */
async function planner(over: Partial<Deps> = {}) {
  const world = await makeWorld();
  const clock = { now: START };
  const bells: string[] = [];
  const deps: Deps = {
    ...world.deps,
    now: () => clock.now,
    ringer: { ...world.deps.ringer, ring: async (rung) => void bells.push(...rung.map((bell) => bell.pack)) },
    ...over,
  };
  const ask = ({ at = clock.now, db = 0, to = [ada], order, over: more }: Asked = {}): Submission => ({
    first: mintMessageIds(mint, to.length, { now: START, dbShard: db, gateShard: 0, random }),
    project_id: world.projectId,
    mode: "live",
    priority: "normal",
    accepted_at: at,
    due_at: at,
    expires_at: null,
    order: { request_id: "req_1", content: { sms: { text: "Hi" } }, dedupe_window_seconds: 60, ...order },
    to,
    ...more,
  });
  const run = (...some: Submission[]) => plan(deps, world.tenantId, some);
  const read = async (submission: Submission): Promise<Message> => {
    const found = await Promise.all(deps.shards.map((db) => messagesOf(db, world, clock.now).get(submission.first)));
    const message = found.find((one) => one !== null);
    if (!message) throw new Error(`no message ${submission.first}`);
    return message;
  };
  const statuses = (...some: Submission[]) => Promise.all(some.map(async (one) => (await read(one)).status));
  const end = (submission: Submission, status: string, phase = "failed") =>
    Promise.all(
      deps.shards.map((db) =>
        db
          .prepare("UPDATE messages SET status = ?1, deliveries = json_set(deliveries, '$[0].phase', ?2) WHERE id = ?3")
          .bind(status, phase, submission.first)
          .run(),
      ),
    );
  return { world, deps, clock, bells, ask, run, read, statuses, end };
}

describe("of the same content to the same recipient, within the window", () => {
  test("fifty concurrent sends make exactly one that goes out and forty-nine that say why not", async () => {
    const world = await makeWorld({ gateShards: 2 });
    const body = {
      to: [{ channel: "email", destination: "ada@example.com" }],
      content: { email: { subject: "Hello {{ name }}", text: "It has come." } },
      variables: { name: "Ada", order: { id: 7, lines: [1, 2] } },
      dedupe_window_seconds: 3600,
    };
    const ids = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const variables = i % 2 === 0 ? body.variables : { order: { lines: [1, 2], id: 7 }, name: "Ada" };
        const response = await world.call("POST", "/v1/send", { body: { ...body, variables } });
        expect(response.status, await response.clone().text()).toBe(202);
        return ((await response.json()) as { message_ids: string[] }).message_ids[0] ?? "";
      }),
    );
    const messages = await eventually(async () => {
      const all = await Promise.all(ids.map((id) => readOver(world, id)));
      return all.every((m) => m.status === "delivered" || m.status === "suppressed") && all;
    });
    const sent = messages.filter((m) => m.status === "delivered");
    expect(sent).toHaveLength(1);
    for (const message of messages.filter((m) => m.status === "suppressed")) {
      expect(message.events.at(-1)).toMatchObject({ type: "suppressed", code: "duplicate" });
      expect(message.events.at(-1)?.reason).toContain(sent[0]?.id);
    }
  });

  test("plans that run at the same time, over both databases, find one first", async () => {
    const p = await planner();
    const asked = Array.from({ length: 30 }, (_, i) => p.ask({ db: i % 2 }));
    await Promise.all(asked.map((one) => p.run(one)));
    const statuses = await p.statuses(...asked);
    expect(statuses.filter((status) => status === "queued")).toHaveLength(1);
    expect(statuses.filter((status) => status === "suppressed")).toHaveLength(29);
    expect(p.bells).toHaveLength(1);
  });

  test("one plan with recipients of several runs sends to each once, to the first that asked", async () => {
    const p = await planner();
    const [bob, eve] = ["+447700900124", "+447700900125"].map((destination): Recipient => ({ channel: "sms", destination }));
    const one = p.ask({ to: [ada, bob ?? ada, ada] });
    const two = p.ask({ to: [eve ?? ada, ada] });
    await p.run(one, two);
    const rows = await p.deps.shards[0]
      ?.prepare("SELECT status FROM messages WHERE tenant_id = ? ORDER BY id")
      .bind(p.world.tenantId)
      .all<{ status: string }>();
    expect(rows?.results.map((row) => row.status)).toEqual(["queued", "queued", "suppressed", "queued", "suppressed"]);
  });

  test("a plan that runs again decides the same, also after the window, and takes nothing from whoever came later", async () => {
    const p = await planner();
    const [a, b, c, d] = [p.ask(), p.ask(), p.ask({ at: START + 61_000 }), p.ask({ at: START + 62_000 })];
    await p.run(a, b);
    await p.run(a, b);
    p.clock.now += 61_000;
    await p.run(a, b);
    await p.run(c);
    await p.run(a, b, c);
    await p.run(d);
    expect(await p.statuses(a, b, c, d)).toEqual(["queued", "suppressed", "queued", "suppressed"]);
    expect((await p.read(d)).log.at(-1)?.reason).toContain(c.first);
  });

  test("a plan that died before it wrote its rows still sends the first", async () => {
    const p = await planner();
    const a = p.ask();
    const [first] = p.deps.shards;
    let broken = true;
    const failing = new Proxy(first as D1Database, {
      get: (db, name) => {
        const real = Reflect.get(db, name) as unknown;
        if (name === "prepare" && broken) {
          return (sql: string) => {
            if (sql.includes("INSERT INTO messages")) throw new Error("database is away");
            return db.prepare(sql);
          };
        }
        return typeof real === "function" ? real.bind(db) : real;
      },
    });
    const deps: Deps = { ...p.deps, shards: [failing, ...p.deps.shards.slice(1)] };
    await expect(plan(deps, p.world.tenantId, [a])).rejects.toThrow("database is away");
    broken = false;
    await plan(deps, p.world.tenantId, [a]);
    expect(await p.statuses(a)).toEqual(["queued"]);
  });

  test("due times count, not when a plan gets to them; and a plan may hold the ends of several windows", async () => {
    const p = await planner();
    const asked = [0, 59_999, 60_000, 119_999, 120_000].map((later) => p.ask({ at: START + later }));
    p.clock.now += 3_000_000;
    await p.run(...asked);
    expect(await p.statuses(...asked)).toEqual(["queued", "suppressed", "queued", "suppressed", "queued"]);
  });
});

describe("what is not the same goes out", () => {
  test("other content, variables, recipient, mode, channel or project; and whoever does not ask", async () => {
    const p = await planner();
    const { dedupe_window_seconds: _, ...plain } = p.ask().order;
    const asked = [
      p.ask(),
      p.ask({ order: { content: { sms: { text: "Hi!" } } } }),
      p.ask({ order: { variables: { a: 1 } } }),
      p.ask({ to: [{ ...ada, variables: { a: 2 } }] }),
      p.ask({ to: [{ ...ada, destination: "+447700900124" }] }),
      p.ask({ over: { mode: "test" } }),
      p.ask({ to: [{ ...ada, channel: "chat" }], order: { content: { chat: { text: "Hi" } } } }),
      p.ask({ over: { order: plain } }),
    ];
    await p.run(...asked);
    expect(await p.statuses(...asked)).toEqual(asked.map(() => "queued"));
    const other = p.ask({ over: { project_id: "prj_other" } });
    await p.run(other);
    const row = await p.deps.shards[0]
      ?.prepare("SELECT status FROM messages WHERE id = ?")
      .bind(other.first)
      .first<{ status: string }>();
    expect(row?.status).toBe("queued");
  });

  test("the next, where the first failed, expired or was cancelled; one of those that follow at once", async () => {
    for (const status of ["failed", "cancelled", "expired"]) {
      const p = await planner();
      const a = p.ask();
      await p.run(a);
      await p.end(a, status);
      const after = [0, 1, 0, 1].map((db) => p.ask({ db }));
      await Promise.all(after.map((one) => p.run(one)));
      expect((await p.statuses(...after)).filter((s) => s === "queued")).toHaveLength(1);
      await Promise.all(after.map((one) => p.run(one)));
      expect((await p.statuses(...after)).filter((s) => s === "queued")).toHaveLength(1);
    }
  });

  test("not where the first may have gone out all the same, or was never due to", async () => {
    const p = await planner();
    const [a, b, cancelled] = [p.ask(), p.ask(), p.ask({ to: [{ ...ada, destination: "+447700900126" }] })];
    await p.run(a);
    await p.end(a, "failed", "unknown");
    await p.run(b);
    expect(await p.statuses(b)).toEqual(["suppressed"]);
    const next = p.ask({ to: cancelled.to });
    await p.run({ ...cancelled, cancelled_at: START }, next);
    expect(await p.statuses(cancelled, next)).toEqual(["cancelled", "queued"]);
  });
});

describe("the price", () => {
  /** Counts the statements that are prepared. */
  function counting(dbs: readonly D1Database[]) {
    const seen: string[] = [];
    const shards = dbs.map(
      (db) =>
        new Proxy(db, {
          get: (target, name) => {
            const real = Reflect.get(target, name) as unknown;
            if (name !== "prepare") return typeof real === "function" ? real.bind(target) : real;
            return (sql: string) => {
              seen.push(sql);
              return target.prepare(sql);
            };
          },
        }),
    );
    return { seen, shards };
  }

  test("is nothing for messages without the option", async () => {
    const p = await planner();
    const [databases, control] = [counting(p.deps.shards), counting([p.deps.control])];
    const { dedupe_window_seconds: _, ...plain } = p.ask().order;
    const deps = { ...p.deps, shards: databases.shards, control: control.shards[0] ?? p.deps.control };
    await plan(deps, p.world.tenantId, [p.ask({ over: { order: plain } }), p.ask({ db: 1, over: { order: plain } })]);
    expect(databases.seen.filter((sql) => sql.includes("dedupes"))).toEqual([]);
    expect(control.seen.filter((sql) => sql.includes("db_shards"))).toEqual([]);
  });

  test("is one row for each message that has it, in two statements a database, and a look at the first for duplicates", async () => {
    const p = await planner();
    const databases = counting(p.deps.shards);
    const many = Array.from({ length: 40 }, (_, i): Recipient => ({ channel: "sms", destination: `+4477009001${10 + i}` }));
    await plan({ ...p.deps, shards: databases.shards }, p.world.tenantId, [p.ask({ to: many }), p.ask({ to: many, db: 1 })]);
    // Claim and read in each database, for each of the two plans; then, for duplicates, what became of the first.
    expect(databases.seen.filter((sql) => sql.includes("dedupes")).length).toBeLessThanOrEqual(8);
    const counts = await Promise.all(
      p.deps.shards.map((db) =>
        db.prepare("SELECT COUNT(*) AS n FROM dedupes WHERE tenant_id = ?").bind(p.world.tenantId).first<{ n: number }>(),
      ),
    );
    expect(counts.reduce((sum, row) => sum + (row?.n ?? 0), 0)).toBe(40);
    expect(counts.every((row) => (row?.n ?? 0) > 0)).toBe(true);
  });

  test("rows are dropped by the sweep an hour after their window, through the index", async () => {
    const p = await planner();
    await p.run(p.ask());
    const left = async () => {
      const counts = await Promise.all(
        p.deps.shards.map((db) =>
          db.prepare("SELECT COUNT(*) AS n FROM dedupes WHERE tenant_id = ?").bind(p.world.tenantId).first<{ n: number }>(),
        ),
      );
      return counts.reduce((sum, row) => sum + (row?.n ?? 0), 0);
    };
    p.clock.now += 60_000 + 3_599_999;
    await sweep(p.deps, p.world.tenantId);
    expect(await left()).toBe(1);
    p.clock.now += 1;
    await sweep(p.deps, p.world.tenantId);
    expect(await left()).toBe(0);
    const seen: { sql: string }[] = [];
    pruneDedupes({ prepare: (sql: string) => ({ bind: () => void seen.push({ sql }) }) } as unknown as D1Database, 1);
    const { results } = (await p.deps.shards[0]
      ?.prepare(`EXPLAIN QUERY PLAN ${seen[0]?.sql}`)
      .bind(1)
      .all<{ detail: string }>()) ?? {
      results: [],
    };
    const details = results.map((row) => row.detail).join("\n");
    expect(details).toContain("USING COVERING INDEX dedupes_until (until<?)");
    expect(details).toContain("(tenant_id=? AND key=?)");
  });
});

async function readOver(world: World, id: string) {
  const response = await world.call("GET", `/v1/messages/${id}`);
  expect(response.status).toBe(200);
  return (await response.json()) as {
    id: string;
    status: string;
    events: { type: string; code: string | null; reason: string | null }[];
  };
}
