/**
 * The outbox: accepted messages until the planner has them. A row is a group of submissions that were
 * accepted in one commit for one lane and one due time; a row of its own is made for a message that is
 * cancelled or moved.
 */
import { encode32, parseMessageId } from "../../src/shared/core/ids.ts";
import type { Submission } from "../../src/shared/core/message.ts";
import type { HeldPage } from "../../src/shared/ports/gate.ts";
import { Backlog, type Counted } from "./backlog.ts";
import { below, group, pick, without } from "./runs.ts";

export interface OutboxRow extends Counted {
  readonly first: string;
  readonly body: string;
}

/** The row that holds a message, its submissions, and the message cut out of its run. */
export interface Located {
  readonly row: Omit<OutboxRow, "body">;
  readonly submissions: readonly Submission[];
  readonly one: Submission;
}

/** Ids of one row are minted in one commit, so they lie within this many milliseconds of each other. */
const ROW_SPAN_MS = 1000;
/** A list stops parsing after this many characters, and starts no row behind them. */
const LIST_CHARS = 4_000_000;
const SPANS_A_READ = 500;

export class Outbox {
  /** Counts along with every change of a row. */
  readonly backlog: Backlog;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.backlog = new Backlog(sql);
  }

  add(row: { first: string; last: string; lane: number; dueAt: number; n: number; body: string }): void {
    this.#sql.exec(
      "INSERT INTO outbox (first, last, lane, due_at, n, body) VALUES (?, ?, ?, ?, ?, ?)",
      row.first,
      row.last,
      row.lane,
      row.dueAt,
      row.n,
      row.body,
    );
    this.backlog.added({ ...row, tries: 0 });
  }

  /** Due rows of a lane, oldest first, without those in `busy`; at most `limit` messages, but at least one row. */
  due(lane: number, now: number, busy: ReadonlyMap<string, unknown>, limit: number): OutboxRow[] {
    this.backlog.advance(now);
    const rows: OutboxRow[] = [];
    let messages = 0;
    const cursor = this.#sql.exec<{ first: string; dueAt: number; n: number; tries: number; body: string }>(
      "SELECT first, due_at AS dueAt, n, tries, body FROM outbox WHERE lane = ? AND due_at <= ? ORDER BY due_at, first",
      lane,
      now,
    );
    for (const row of cursor) {
      if (busy.has(row.first)) continue;
      // A row that failed before goes alone, so that it cannot take its neighbours along.
      if (rows.length > 0 && (messages + row.n > limit || row.tries > 0)) break;
      rows.push({ ...row, lane });
      messages += row.n;
      if (row.tries > 0) break;
    }
    return rows;
  }

  /** Of rows that `due` gave, once the planner has them. */
  remove(rows: readonly OutboxRow[], now: number): void {
    for (const row of rows) {
      this.#sql.exec("DELETE FROM outbox WHERE first = ?", row.first);
      this.backlog.planned(row, now);
    }
  }

  postpone(firsts: readonly string[], now: number): void {
    for (const first of firsts) {
      this.#sql.exec(
        "UPDATE outbox SET tries = tries + 1, due_at = ? + MIN(60000, 500 << MIN(tries, 7)) WHERE first = ?",
        now,
        first,
      );
    }
  }

  /** The earliest due time over all lanes, or null when the outbox is empty. */
  nextDueAt(lanes: number): number | null {
    let next: number | null = null;
    for (let lane = 0; lane < lanes; lane++) {
      const at = this.#sql.exec<{ at: number | null }>("SELECT MIN(due_at) AS at FROM outbox WHERE lane = ?", lane).one().at;
      if (at !== null && (next === null || at < next)) next = at;
    }
    return next;
  }

  /** The row that holds a message, with the message cut out of its run. */
  locate(id: string): Located | null {
    const place = parseMessageId(id);
    if (!place) return null;
    const cursor = this.#sql.exec<{ first: string; lane: number; dueAt: number; n: number; tries: number; body: string }>(
      `SELECT first, lane, due_at AS dueAt, n, tries, body FROM outbox
       WHERE first <= ? AND first >= ? AND last >= ? ORDER BY first DESC`,
      id,
      floorOf(id),
      id,
    );
    for (const row of cursor) {
      const submissions = JSON.parse(row.body) as Submission[];
      const one = pick(submissions, id);
      if (one) return { row, submissions, one };
    }
    return null;
  }

  /** Takes the message out of its row and puts `changed` in a row of its own. One transaction. */
  move(found: Pick<Located, "row" | "submissions">, id: string, changed: Submission): void {
    const { first, lane, dueAt } = found.row;
    const rest = found.submissions.flatMap((s) => without(s, id));
    this.#sql.exec("DELETE FROM outbox WHERE first = ?", first);
    this.backlog.removed(found.row);
    if (rest.length > 0) this.add({ ...group(rest), lane, dueAt });
    this.add({ ...group([changed]), lane, dueAt: changed.cancelled_at ?? changed.due_at });
  }

  /**
   * Held messages of a project below `before`, newest first, one recipient each, without what makes them
   * large. Reads a bounded amount: `floor` tells how far down the answer is complete.
   */
  list(projectId: string, before: string | null, limit: number, mostChars = LIST_CHARS): HeldPage {
    const top = before ?? "msg_~";
    let found: Submission[] = [];
    let oldest: string | null = null;
    let chars = 0;
    for (const row of this.#spans(top)) {
      // Rows of one commit interleave: a row that begins below the page may still reach into it.
      if (oldest !== null && row.first < floorOf(oldest)) return { submissions: found, floor: oldest };
      if (oldest !== null && row.last < oldest) continue;
      if (chars >= mostChars) {
        // Just above all that was not read; only where that is a step down, so that a list always gets on.
        const floor = `${this.#lastBelow(row.first)}0`;
        if (floor < top) return { submissions: found.filter((s) => s.first > floor), floor };
      }
      const { body } = this.#sql.exec<{ body: string }>("SELECT body FROM outbox WHERE first = ?", row.first).one();
      chars += body.length;
      const more = (JSON.parse(body) as Submission[]).filter((s) => s.project_id === projectId).flatMap((s) => below(s, top));
      if (more.length === 0) continue;
      const all = [...found, ...more].sort((x, y) => (x.first < y.first ? 1 : -1));
      found = all.slice(0, limit);
      if (all.length >= limit) oldest = found[limit - 1]?.first ?? null;
    }
    return { submissions: found, floor: oldest };
  }

  /** Rows that begin below `top`, newest first: first and last id of each. */
  *#spans(top: string): Generator<{ first: string; last: string }> {
    for (let under = top; ; ) {
      const rows = this.#sql
        .exec<{ first: string; last: string }>(
          "SELECT first, last FROM outbox WHERE first < ? ORDER BY first DESC LIMIT ?",
          under,
          SPANS_A_READ,
        )
        .toArray();
      yield* rows;
      const end = rows[rows.length - 1];
      if (!end || rows.length < SPANS_A_READ) return;
      under = end.first;
    }
  }

  /** The greatest id in any row that begins at `first` or below. */
  #lastBelow(first: string): string {
    return this.#sql
      .exec<{ last: string }>("SELECT MAX(last) AS last FROM outbox WHERE first <= ? AND first >= ?", first, floorOf(first))
      .one().last;
  }

  count(now: number): { held: number; due: number } {
    const row = this.#sql
      .exec<{ held: number; due: number }>(
        "SELECT COALESCE(SUM(n), 0) AS held, COALESCE(SUM(CASE WHEN due_at <= ? THEN n END), 0) AS due FROM outbox",
        now,
      )
      .one();
    return { held: row.held, due: row.due };
  }
}

/** No row that begins below this reaches up to `id`. */
function floorOf(id: string): string {
  return `msg_${encode32(Math.max(0, (parseMessageId(id)?.at ?? 0) - ROW_SPAN_MS), 10)}`;
}
