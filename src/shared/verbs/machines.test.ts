/** The state machines as a whole, against models: whatever order things come in, and however often. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Bell, Signal } from "../contract/jobs.ts";
import { EVENT_TYPES, type EventType, fold, STATUS_RANK, type Status } from "../core/status.ts";
import type { Carried } from "../ports/carrier.ts";
import { no, SHARD, shardOf, stage, submission, yes } from "../testing/stage.ts";
import { plan } from "./plan.ts";
import { record } from "./record.ts";
import { sweep } from "./sweep.ts";

describe("signals", () => {
  const told = fc.record({
    type: fc.constantFrom(...EVENT_TYPES.filter((t) => t !== "queued" && t !== "scheduled")),
    n: fc.nat(3),
  });

  test("any order, grouping and repetition leaves the highest status, and every event counted once", async () => {
    const s = await stage(yes);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(told, { minLength: 1, maxLength: 5 }), { maxLength: 8 }),
        fc.nat(),
        async (packs, seed) => {
          const sub = submission(s.world);
          await plan(s.deps, s.world.tenantId, [sub]);
          await s.ring(s.bells.splice(0));
          const signal = (e: { type: EventType; n: number }): Signal => ({
            message_id: sub.first,
            key: `${e.type}:${e.n}`,
            type: e.type,
            at: s.clock.now + e.n,
          });
          let before: Status = (await s.read(sub.first)).status;
          // Each pack comes twice, the second time somewhere later: queues deliver at least once, in no order.
          const coming = [...packs, ...packs.toSorted((a, b) => ((a.length * 7 + seed) % 5) - ((b.length * 7 + seed) % 5))];
          for (const pack of coming) {
            await record(s.deps, s.world.tenantId, SHARD, pack.map(signal));
            const { status } = await s.read(sub.first);
            expect(STATUS_RANK[status]).toBeGreaterThanOrEqual(STATUS_RANK[before]);
            before = status;
          }
          const message = await s.read(sub.first);
          const all = packs.flat();
          // Which of several ends of one rank stands is the first that was heard of: the rank is what is promised.
          const rank = Math.max(STATUS_RANK.sent, ...all.map((e) => STATUS_RANK[fold("sent", e.type)]));
          expect(STATUS_RANK[message.status]).toBe(rank);
          for (const type of EVENT_TYPES) {
            const own = message.log.filter((e) => e.type === type && e.key.startsWith(`${type}:`) && /^\w+:\d$/.test(e.key));
            expect(own).toHaveLength(new Set(all.filter((e) => e.type === type).map((e) => e.n)).size);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("deliveries", () => {
  /** What may happen to a delivery, in any order. */
  type Step =
    | { readonly do: "ring"; readonly times: number }
    | { readonly do: "replan" }
    | { readonly do: "sweep" }
    | { readonly do: "later"; readonly seconds: number }
    | { readonly do: "answer"; readonly with: "yes" | "503" | "429" | "400" | "403" | "lost" }
    | { readonly do: "die" }
    | { readonly do: "database away" };

  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ do: fc.constant("ring" as const), times: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constantFrom("replan" as const, "sweep" as const, "die" as const, "database away" as const) }),
    fc.record({ do: fc.constant("later" as const), seconds: fc.constantFrom(1, 11, 47, 61, 400) }),
    fc.record({ do: fc.constant("answer" as const), with: fc.constantFrom("yes", "503", "429", "400", "403", "lost") }),
  ) as fc.Arbitrary<Step>;

  const ANSWERS: Record<Extract<Step, { do: "answer" }>["with"], () => Carried> = {
    yes,
    "503": () => no(503, "ServiceUnavailable"),
    "429": () => no(429, "TooManyRequestsException"),
    "400": () => no(400, "MessageRejected"),
    "403": () => no(403, "AccessDeniedException"),
    lost: () => ({ kind: "unknown", reason: "timeout" }),
  };

  test.each(["at_least_once", "at_most_once"] as const)(
    "whatever fails, repeats or dies: one end each, and never a second send that was not in doubt (%s)",
    async (guarantee) => {
      let answer: () => Carried = yes;
      /** What the provider took: it may have taken what it did not answer. */
      const taken = new Map<string, number>();
      let dies = false;
      const s = await stage(
        ({ attempt }) => {
          const message = attempt.slice(4, 30);
          const said = answer();
          if (dies || said.kind === "unknown" || (said.kind === "answered" && said.status === 200)) {
            taken.set(message, (taken.get(message) ?? 0) + 1);
          }
          return dies ? new Promise<never>(() => undefined) : said;
        },
        {},
        ["one@acme.example", "two@acme.example"],
      );
      const quiet = { ...s.deps, log: () => undefined };
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
          answer = yes;
          const sub = submission(s.world, { due_at: s.clock.now, accepted_at: s.clock.now }, 3);
          const asked = { ...sub, order: { ...sub.order, delivery: guarantee } };
          const ids = [0, 1, 2].map((i) => `msg_${sub.first.slice(4, 14)}00${i}${sub.first.slice(17)}`);
          const known: Bell[] = [];
          const hear = () => known.push(...s.bells.splice(0));
          await plan(quiet, s.world.tenantId, [asked]);
          hear();
          for (const step of steps) {
            switch (step.do) {
              case "ring":
                await Promise.all(Array.from({ length: step.times }, () => s.ring(known)));
                break;
              case "replan":
                await plan(quiet, s.world.tenantId, [asked]);
                break;
              case "sweep":
                await sweep(quiet, s.world.tenantId);
                break;
              case "later":
                s.clock.now += step.seconds * 1000;
                break;
              case "answer":
                answer = ANSWERS[step.with];
                break;
              case "die": {
                dies = true;
                const before = s.carried.length;
                void s.ring(known);
                // Its process is gone once a fetch is under way, or once it has found nothing to do.
                for (let i = 0; i < 20 && s.carried.length === before; i++)
                  await new Promise((resolve) => setTimeout(resolve, 1));
                dies = false;
                break;
              }
              case "database away":
                await failing(s.deps.shards[SHARD], () => s.ring(known)).catch(() => undefined);
                break;
            }
            hear();
          }
          // Everything is well again: it all comes to an end by its own bells and the sweep.
          answer = yes;
          for (let i = 0; i < 60; i++) {
            s.clock.now += 61_000;
            await sweep(quiet, s.world.tenantId);
            hear();
            await s.ring(known);
            hear();
            const open = await shardOf(s.deps)
              .prepare("SELECT COUNT(*) AS n FROM packs WHERE tenant_id = ?")
              .bind(s.world.tenantId)
              .first<{ n: number }>();
            if (open?.n === 0) break;
          }
          for (const id of ids) {
            const message = await s.read(id);
            expect(["sent", "failed"]).toContain(message.status);
            const sent = message.deliveries[0]?.attempts.filter((a) => a.outcome === "sent").length ?? 0;
            expect(sent).toBe(message.status === "sent" ? 1 : 0);
            const doubts = message.log.filter((e) => e.code === "in_doubt" || e.code === "no_answer").length;
            const times = taken.get(id.slice(4)) ?? 0;
            // At most once more than it was in doubt; not even that where the sender asked so.
            expect(times).toBeLessThanOrEqual(guarantee === "at_most_once" ? 1 : 1 + doubts);
            if (message.status === "sent") expect(times).toBeGreaterThanOrEqual(1);
            const letters = await shardOf(s.deps)
              .prepare("SELECT COUNT(*) AS n FROM dead_letters WHERE message_id = ?")
              .bind(id)
              .first<{ n: number }>();
            expect(letters?.n).toBe(message.status === "failed" ? 1 : 0);
            expect(new Set(message.log.map((e) => e.key)).size).toBe(message.log.length);
          }
        }),
        { numRuns: 80 },
      );
    },
    60_000,
  );
});

/** While `work` runs, what is committed fails: half of the time before it ran, half of the time with its answer lost. */
async function failing(db: D1Database | undefined, work: () => Promise<unknown>): Promise<void> {
  if (!db) throw new Error("no such database");
  const real = db.batch.bind(db);
  let n = 0;
  const broken: typeof db.batch = async (statements) => {
    n += 1;
    if (n % 4 === 1) throw new Error("D1 is away");
    const done = await real<never>(statements);
    if (n % 4 === 2) throw new Error("D1's answer was lost");
    return done;
  };
  db.batch = broken;
  try {
    await work();
  } finally {
    db.batch = real;
  }
}
