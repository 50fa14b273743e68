import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LANES } from "../../src/shared/core/channels.ts";
import { messageIdAt, mintMessageIds } from "../../src/shared/core/ids.ts";
import type { Submission } from "../../src/shared/core/message.ts";
import type { TenantGate } from "./index.ts";
import { Outbox } from "./outbox.ts";

const namespace = (env as unknown as { TENANT_GATE: DurableObjectNamespace<TenantGate> }).TENANT_GATE;
let tenants = 0;
const START = 1_700_000_000_000;

const step = fc.oneof(
  fc.record({
    do: fc.constant("add" as const),
    lane: fc.nat(2),
    count: fc.integer({ min: 1, max: 4 }),
    dueIn: fc.constantFrom(-10, 0, 5, 1000),
  }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1, 5, 400, 2000) }),
  fc.record({ do: fc.constantFrom("plan" as const, "fail" as const), lane: fc.nat(2), limit: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ do: fc.constantFrom("cancel" as const, "move" as const), at: fc.nat(50) }),
  fc.record({ do: fc.constant("reload" as const) }),
);

test("the counted backlog is what the rows say, whatever was accepted, planned, put off, cancelled or moved", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const stub = namespace.getByName(`ten_backlog_test_${tenants++}#0`);
      await runInDurableObject(stub, async (_, state) => {
        const { sql } = state.storage;
        const outbox = new Outbox(sql);
        const mint = { at: 0, sequence: 0 };
        const ids: string[] = [];
        let now = START;
        for (const s of steps) {
          switch (s.do) {
            case "add": {
              const first = mintMessageIds(mint, s.count, { now, dbShard: 0, gateShard: 0, random: (n) => new Uint8Array(n) });
              const last = messageIdAt(first, s.count - 1);
              const body = JSON.stringify([submission(first, s.count, now, now + s.dueIn)]);
              ids.push(...Array.from({ length: s.count }, (_, i) => messageIdAt(first, i)));
              outbox.add({ first, last, lane: s.lane, dueAt: now + s.dueIn, n: s.count, body });
              break;
            }
            case "pass":
              now += s.ms;
              break;
            case "plan":
              outbox.remove(outbox.due(s.lane, now, new Map(), s.limit), now);
              break;
            case "fail":
              outbox.postpone(
                outbox.due(s.lane, now, new Map(), s.limit).map((row) => row.first),
                now,
              );
              break;
            case "cancel":
            case "move": {
              const id = ids[s.at % Math.max(1, ids.length)] ?? "";
              const found = outbox.locate(id);
              if (!found) break;
              outbox.move(found, id, {
                ...found.one,
                ...(s.do === "cancel" ? { cancelled_at: now } : { due_at: now + 700 }),
              });
              break;
            }
            case "reload":
              outbox.backlog.reload();
              break;
          }
          expect(Object.values(outbox.backlog.byLane(now))).toEqual(rowsSay(sql, now));
          expect(outbox.backlog.total(now)).toBe(rowsSay(sql, now).reduce((a, b) => a + b));
        }
      });
    }),
    { numRuns: 60 },
  );
});

function submission(first: string, count: number, at: number, dueAt: number): Submission {
  return {
    first,
    project_id: "prj_a",
    mode: "live",
    priority: "normal",
    accepted_at: at,
    due_at: dueAt,
    expires_at: null,
    order: { request_id: "r", content: { sms: { text: "x" } } },
    to: Array.from({ length: count }, () => ({ channel: "sms", destination: "+447700900123" })),
  };
}

function rowsSay(sql: SqlStorage, now: number): number[] {
  return LANES.map(
    (_, lane) =>
      sql
        .exec<{ n: number }>(
          "SELECT COALESCE(SUM(n), 0) AS n FROM outbox WHERE lane = ? AND (due_at <= ? OR tries > 0)",
          lane,
          now,
        )
        .one().n,
  );
}

test("counting reads the index and no message", async () => {
  const stub = namespace.getByName(`ten_backlog_test_${tenants++}#0`);
  const plans = await runInDurableObject(stub, (_, state) =>
    [
      "SELECT COALESCE(SUM(n), 0) AS n FROM outbox WHERE lane = 1 AND (due_at <= 5 OR tries > 0)",
      "SELECT COALESCE(SUM(n), 0) AS n FROM outbox WHERE lane = 1 AND due_at > 4 AND due_at <= 5 AND tries = 0",
      "SELECT due_at AS at FROM outbox WHERE lane = 1 AND due_at > 5 AND tries = 0 ORDER BY due_at LIMIT 1",
      "SELECT COALESCE(SUM(n), 0) AS held FROM outbox",
    ].map((query) =>
      state.storage.sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`)
        .toArray()
        .map((row) => row.detail)
        .join("; "),
    ),
  );
  for (const plan of plans) expect(plan).toMatch(/COVERING INDEX outbox_due/);
  const order = await runInDurableObject(stub, (_, state) =>
    state.storage.sql
      .exec<{ detail: string }>(
        "EXPLAIN QUERY PLAN SELECT first, n, tries, body FROM outbox WHERE lane = 1 AND due_at <= 5 ORDER BY due_at, first",
      )
      .toArray()
      .map((row) => row.detail),
  );
  expect(order).toHaveLength(1); // no sorting: the first due row is found without reading the others
});
