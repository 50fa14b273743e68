/**
 * How many messages are due and not planned, by lane: exact, and kept in memory, so that nobody counts rows while
 * messages come in. What was put off because its plan failed is due all the while. At any time it equals what
 * `SELECT SUM(n) … WHERE due_at <= upTo OR tries > 0` would say.
 */
import { LANES, type Lane } from "../../src/shared/core/channels.ts";
import { type Drain, drained, rateOf } from "../../src/shared/core/shedding.ts";

export interface Counted {
  /** Index into LANES. */
  readonly lane: number;
  readonly dueAt: number;
  readonly n: number;
  /** How often its plan has failed. */
  readonly tries: number;
}

export class Backlog {
  readonly #sql: SqlStorage;
  #counts: number[] = [];
  /** All that is due by then is counted; null: nothing was counted yet. */
  #upTo: number | null = null;
  /** Nothing that is not counted is due before this. */
  #nextAt = Number.POSITIVE_INFINITY;
  #drain: Drain = { perSecond: 0, at: 0 };

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Forgets what it knows, so that the next question counts rows: after a transaction that was rolled back. */
  reload(): void {
    this.#upTo = null;
  }

  /** Counts what has become due. Costs a look at the rows only where something did. */
  advance(now: number): void {
    if (this.#upTo === null) this.#count(now);
    else if (now <= this.#upTo) return;
    else if (this.#nextAt <= now) {
      for (const [lane] of LANES.entries())
        this.#counts[lane] = (this.#counts[lane] ?? 0) + this.#newlyDue(lane, this.#upTo, now);
      this.#nextAt = this.#earliestAfter(now);
    }
    this.#upTo = now;
  }

  added(row: Counted): void {
    if (this.#upTo === null) return;
    if (this.#isCounted(row)) this.#counts[row.lane] = (this.#counts[row.lane] ?? 0) + row.n;
    else this.#nextAt = Math.min(this.#nextAt, row.dueAt);
  }

  removed(row: Counted): void {
    if (this.#upTo !== null && this.#isCounted(row)) this.#counts[row.lane] = (this.#counts[row.lane] ?? 0) - row.n;
  }

  /** The row left for the planner, which took it. */
  planned(row: Counted, now: number): void {
    this.removed(row);
    this.#drain = drained(this.#drain, row.n, now);
  }

  byLane(now: number): Record<Lane, number> {
    this.advance(now);
    const [express = 0, standard = 0, bulk = 0] = this.#counts;
    return { express, standard, bulk };
  }

  total(now: number): number {
    this.advance(now);
    return this.#counts.reduce((sum, n) => sum + n, 0);
  }

  /** Messages planned a second, over about the last ten. */
  perSecond(now: number): number {
    return rateOf(this.#drain, now);
  }

  #isCounted(row: Counted): boolean {
    return row.tries > 0 || (this.#upTo !== null && row.dueAt <= this.#upTo);
  }

  #count(now: number): void {
    this.#counts = LANES.map(
      (_, lane) =>
        this.#sql
          .exec<{ n: number }>(
            "SELECT COALESCE(SUM(n), 0) AS n FROM outbox WHERE lane = ? AND (due_at <= ? OR tries > 0)",
            lane,
            now,
          )
          .one().n,
    );
    this.#nextAt = this.#earliestAfter(now);
  }

  #newlyDue(lane: number, after: number, until: number): number {
    return this.#sql
      .exec<{ n: number }>(
        "SELECT COALESCE(SUM(n), 0) AS n FROM outbox WHERE lane = ? AND due_at > ? AND due_at <= ? AND tries = 0",
        lane,
        after,
        until,
      )
      .one().n;
  }

  #earliestAfter(now: number): number {
    const times = LANES.flatMap((_, lane) =>
      this.#sql
        .exec<{ at: number }>(
          "SELECT due_at AS at FROM outbox WHERE lane = ? AND due_at > ? AND tries = 0 ORDER BY due_at LIMIT 1",
          lane,
          now,
        )
        .toArray(),
    );
    return Math.min(Number.POSITIVE_INFINITY, ...times.map((row) => row.at));
  }
}
