import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { messageIdAt, mintMessageIds } from "../../src/shared/core/ids.ts";
import type { Submission } from "../../src/shared/core/message.ts";
import type { TenantGate } from "./index.ts";
import { Outbox } from "./outbox.ts";

const namespace = (env as unknown as { TENANT_GATE: DurableObjectNamespace<TenantGate> }).TENANT_GATE;
let tenants = 0;

/** Runs with the outbox of a gate of its own. */
async function withOutbox<T>(work: (outbox: Outbox) => T): Promise<T> {
  const stub = namespace.getByName(`ten_outbox_test_${tenants++}#0`);
  return runInDurableObject(stub, async (_, state) => work(new Outbox(state.storage.sql)));
}

const DUE = 4e12;
const random = (n: number) => new Uint8Array(n);

/** A commit: runs of consecutive ids, dealt onto its rows in turn, so that the rows interleave. */
function addCommit(
  outbox: Outbox,
  mint: { at: number; sequence: number },
  now: number,
  runs: readonly Run[],
  rows: number,
): string[] {
  const made = runs.map(({ project, count, size }): Submission => {
    const first = mintMessageIds(mint, count, { now, dbShard: 0, gateShard: 0, random });
    return {
      first,
      project_id: project,
      mode: "live",
      priority: "normal",
      accepted_at: now,
      due_at: DUE,
      expires_at: null,
      order: { request_id: "r", content: { sms: { text: "x".repeat(size) } }, variables: { v: 1 } },
      to: Array.from({ length: count }, () => ({ channel: "sms", destination: "+447700900123", variables: { w: 1 } })),
    };
  });
  for (let row = 0; row < rows; row++) {
    const mine = made.filter((_, i) => i % rows === row);
    const [head] = mine;
    const tail = mine.at(-1);
    if (!head || !tail) continue;
    const last = messageIdAt(tail.first, tail.to.length - 1);
    outbox.add({ first: head.first, last, lane: row % 3, dueAt: DUE, n: 1, body: JSON.stringify(mine) });
  }
  return made.flatMap((s) => (s.project_id === "prj_a" ? s.to.map((_, i) => messageIdAt(s.first, i)) : []));
}

interface Run {
  readonly project: string;
  readonly count: number;
  readonly size: number;
}

const runs = fc.array(
  fc.record({ project: fc.constantFrom("prj_a", "prj_b"), count: fc.integer({ min: 1, max: 5 }), size: fc.constantFrom(0, 500) }),
  { minLength: 1, maxLength: 8 },
);
const commits = fc.array(fc.record({ runs, rows: fc.integer({ min: 1, max: 4 }), laterMs: fc.constantFrom(0, 1, 700, 5000) }), {
  maxLength: 12,
});

test("pages show every held message of a project once, newest first, however little a page may read", async () => {
  await fc.assert(
    fc.asyncProperty(
      commits,
      fc.integer({ min: 1, max: 7 }),
      fc.constantFrom(1, 600, 3000, 1e6),
      async (all, limit, mostChars) => {
        const { ids, seen } = await withOutbox((outbox) => {
          const mint = { at: 0, sequence: 0 };
          let now = 1_700_000_000_000;
          const made: string[] = [];
          for (const commit of all) {
            now += commit.laterMs;
            made.push(...addCommit(outbox, mint, now, commit.runs, commit.rows));
          }
          const shown: string[] = [];
          let before: string | null = null;
          for (let page = 0; ; page++) {
            if (page > made.length + 200) throw new Error("the pages do not end");
            const answer = outbox.list("prj_a", before, limit, mostChars);
            shown.push(...answer.submissions.map((s) => s.first));
            if (answer.floor === null) break;
            before = answer.floor;
          }
          return { ids: made.sort().reverse(), seen: shown };
        });
        expect(seen).toEqual(ids);
      },
    ),
    { numRuns: 60 },
  );
});

test("a list carries no content and no variables, so that a page of large messages stays small", async () => {
  const page = await withOutbox((outbox) => {
    addCommit(outbox, { at: 0, sequence: 0 }, 1_700_000_000_000, [{ project: "prj_a", count: 2, size: 100 }], 1);
    return outbox.list("prj_a", null, 10);
  });
  expect(page.submissions.map((s) => [s.order, s.to])).toEqual(
    Array.from({ length: 2 }, () => [{ request_id: "r" }, [{ channel: "sms", destination: "+447700900123" }]]),
  );
});
