import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Ordering } from "./message.ts";
import {
  type Earlier,
  GO,
  type Known,
  LONGEST_WAIT_MS,
  lineOf,
  SHORTEST_WAIT_MS,
  turnBehind,
  verdictOf,
  type Waiter,
} from "./ordering.ts";
import { STATUSES } from "./status.ts";

const NOW = 1_800_000_000_000;
const owner = { projectId: "prj_1", mode: "live" as const };
const ada = { channel: "email" as const, destination: "ada@example.com" };

function earlier(id: string, over: Partial<Earlier> = {}): Earlier {
  return { id, status: "queued", phase: "waiting", tries: 0, after: null, ...over };
}
const knowing = (...all: Earlier[]): Known => new Map(all.map((one) => [one.id, one]));
const waiter = (after: string, over: Partial<Waiter> = {}): Waiter => ({ after, ordering: "wait", dueAt: NOW, ...over });
const verdict = (w: Waiter, known: Known) => verdictOf(w, known, NOW);

describe("a line", () => {
  test("is one recipient's, one key's, one project's and one mode's", () => {
    const line = lineOf(owner, "k", ada);
    const others = [
      lineOf({ ...owner, projectId: "prj_2" }, "k", ada),
      lineOf({ ...owner, mode: "test" }, "k", ada),
      lineOf(owner, "l", ada),
      lineOf(owner, "k", { ...ada, destination: "bob@example.com" }),
      lineOf(owner, "k", { ...ada, channel: "chat" }),
    ];
    expect(lineOf(owner, "k", ada)).toBe(line);
    expect(line).toHaveLength(14);
    expect(new Set([line, ...others]).size).toBe(6);
  });

  test("shares its hash with none of a hundred thousand that look alike", () => {
    const lines = new Set<string>();
    for (let i = 0; i < 100_000; i++) lines.add(lineOf(owner, `order-${i % 300}`, { ...ada, destination: `u${i}@example.com` }));
    expect(lines.size).toBe(100_000);
  });
});

describe("a message with one before it", () => {
  test("goes when that one went out, came to its end in its turn, or is nowhere", () => {
    for (const status of ["sent", "delivered"] as const) expect(verdict(waiter("a"), knowing(earlier("a", { status })))).toBe(GO);
    for (const status of ["failed", "cancelled", "expired", "suppressed"] as const) {
      expect(verdict(waiter("a"), knowing(earlier("a", { status, tries: 1, after: "z" })))).toBe(GO);
    }
    expect(verdict(waiter("a"), knowing(earlier("a", { phase: "sent" })))).toBe(GO);
    expect(verdict(waiter("a"), new Map([["a", null]]))).toBe(GO);
  });

  test("waits for one that fails until its retries end; with skip it passes after one failed try, and not before", () => {
    const untried = knowing(earlier("a"));
    const tried = knowing(earlier("a", { tries: 1 }));
    const inDoubt = knowing(earlier("a", { phase: "unknown" }));
    const skip = waiter("a", { ordering: "skip" });
    for (const known of [untried, tried, inDoubt])
      expect(verdict(waiter("a"), known)).toMatchObject({ kind: "wait", behind: "a" });
    expect(verdict(skip, untried)).toMatchObject({ kind: "wait", behind: "a" });
    expect(verdict(skip, tried)).toBe(GO);
    expect(verdict(skip, inDoubt)).toBe(GO);
  });

  test("looks through those that ended without a turn, to the one that still has to go", () => {
    const known = knowing(
      earlier("a", { tries: 3 }),
      earlier("b", { status: "cancelled", after: "a" }),
      earlier("c", { status: "suppressed", after: "b" }),
    );
    expect(verdict(waiter("c"), known)).toMatchObject({ kind: "wait", behind: "a" });
    expect(verdict(waiter("c"), new Map([...known, ["a", null]]))).toBe(GO);
    expect(verdict(waiter("c"), knowing(earlier("c", { status: "failed" })))).toBe(GO);
  });

  test("asks for what it needs and does not know, and for nothing else", () => {
    expect(verdict(waiter("a"), new Map())).toEqual({ kind: "ask", id: "a" });
    expect(verdict(waiter("b"), knowing(earlier("b", { status: "expired", after: "a" })))).toEqual({ kind: "ask", id: "a" });
    expect(verdict(waiter("b"), knowing(earlier("b", { after: "a" })))).toMatchObject({ kind: "wait" });
  });

  test("waits longer the longer it has waited, from one second to thirty", () => {
    const known = knowing(earlier("a", { tries: 1 }));
    const delays = [0, 1000, 4000, 20_000, 3_600_000].map((waited) => {
      const turn = verdict(waiter("a", { dueAt: NOW - waited }), known);
      return turn.kind === "wait" ? turn.until - NOW : null;
    });
    expect(delays).toEqual([1000, 1000, 2000, 10_000, 30_000]);
  });

  test("comes back soon, however long it has waited, once nothing holds up the head of its line", () => {
    const late = { dueAt: NOW - 3_600_000 };
    const line = (head: Partial<Earlier>) =>
      knowing(
        earlier("a", head),
        ...["b", "c", "d", "e"].map((id, i) => earlier(id, { after: ["a", "b", "c", "d"][i] ?? null })),
      );
    const delay = (id: string, known: Known) => {
      const turn = verdict(waiter(id, late), known);
      return turn.kind === "wait" ? turn.until - NOW : null;
    };
    expect(delay("b", line({ tries: 2 }))).toBe(30_000);
    expect(delay("b", line({ status: "sent", tries: 3 }))).toBe(1000);
    expect(delay("e", line({ status: "sent", tries: 3 }))).toBe(2000);
    expect(delay("e", line({}))).toBe(2500);
  });
});

test("behind one that was tried a moment ago, its own turn and its end decide", () => {
  const at = (over: object) => ({ id: "a", turn: GO, tries: 0, again: null, ...over });
  const stuck = { kind: "wait", until: 9, behind: "z" } as const;
  expect(turnBehind("wait", at({ tries: 1 }))).toBe(GO);
  expect(turnBehind("wait", at({ tries: 1, again: 7 }))).toEqual({ kind: "wait", until: 7, behind: "a" });
  expect(turnBehind("skip", at({ tries: 1, again: 7 }))).toBe(GO);
  expect(turnBehind("skip", at({ again: 7 }))).toEqual({ kind: "wait", until: 7, behind: "a" });
  // It expired while it waited for z: z stands in front all the same.
  expect(turnBehind("wait", at({ turn: stuck }))).toBe(stuck);
});

interface Moving extends Earlier {
  readonly ordering: Ordering;
  status: Earlier["status"];
  tries: number;
}

const step = fc.record({ pick: fc.nat(), what: fc.constantFrom("sent", "again", "failed", "cancel", "expire") });
const policies = fc.array(fc.constantFrom<Ordering>("wait", "skip"), { minLength: 1, maxLength: 12 });

test("whatever fails, expires or is cancelled: first tries are in order, with wait so are the sends, and a line always ends", () => {
  fc.assert(
    fc.property(policies, fc.boolean(), fc.array(step, { maxLength: 80 }), (orderings, mixed, steps) => {
      const line = orderings.map((ordering, i): Moving => {
        const after = i === 0 ? null : `m${i - 1}`;
        return { ...earlier(`m${i}`, { after }), ordering: mixed ? ordering : "wait" };
      });
      const known = new Map(line.map((one) => [one.id, one]));
      const tried: number[] = [];
      const sent: number[] = [];
      const act = (i: number, what: string) => {
        const one = line[i];
        if (one?.status !== "queued") return;
        if (what === "cancel" || what === "expire") {
          one.status = what === "cancel" ? "cancelled" : "expired";
          return;
        }
        const turn = one.after === null ? GO : verdictOf({ after: one.after, ordering: one.ordering, dueAt: NOW }, known, NOW);
        if (turn.kind === "ask") throw new Error("all is known");
        if (turn.kind === "wait") {
          expect(turn.until - NOW).toBeGreaterThanOrEqual(SHORTEST_WAIT_MS);
          expect(turn.until - NOW).toBeLessThanOrEqual(LONGEST_WAIT_MS);
          expect(known.get(turn.behind)?.status).toBe("queued");
          return;
        }
        if (one.tries === 0) tried.push(i);
        one.tries += 1;
        if (what === "sent") {
          one.status = "sent";
          sent.push(i);
        }
        if (what === "failed") one.status = "failed";
      };
      for (const { pick, what } of steps) act(pick % line.length, what);
      // From here on every try succeeds: each round, at least the first that is left goes.
      for (let round = 0; round < line.length; round++) for (let i = line.length - 1; i >= 0; i--) act(i, "sent");
      expect(tried).toEqual([...tried].sort((a, b) => a - b));
      if (!mixed) expect(sent).toEqual([...sent].sort((a, b) => a - b));
      expect(line.every((one) => one.status !== "queued")).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("every status of the one before gives a verdict under both policies", () => {
  for (const status of STATUSES) {
    for (const ordering of ["wait", "skip"] as const) {
      expect(["go", "wait"]).toContain(verdict(waiter("a", { ordering }), knowing(earlier("a", { status }))).kind);
    }
  }
});
