/**
 * The outbox: accepted messages until the planner has them. A row is a group of submissions that were
 * accepted in one commit for one lane and one due time; a row of its own is made for a message that is
 * cancelled or moved.
 */
import { encode32, indexInRun, messageIdAt, parseMessageId } from "../../src/shared/core/ids.ts";
import type { Submission } from "../../src/shared/core/message.ts";

export interface OutboxRow {
  readonly first: string;
  readonly n: number;
  readonly tries: number;
  readonly body: string;
}

/** Ids of one row are minted in one commit, so they lie within this many milliseconds of each other. */
const ROW_SPAN_MS = 1000;

export class Outbox {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
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
  }

  /** Due rows of a lane, oldest first, without those in `busy`; at most `limit` messages, but at least one row. */
  due(lane: number, now: number, busy: ReadonlyMap<string, unknown>, limit: number): OutboxRow[] {
    const rows: OutboxRow[] = [];
    let messages = 0;
    const cursor = this.#sql.exec<{ first: string; n: number; tries: number; body: string }>(
      "SELECT first, n, tries, body FROM outbox WHERE lane = ? AND due_at <= ? ORDER BY due_at, first",
      lane,
      now,
    );
    for (const row of cursor) {
      if (busy.has(row.first)) continue;
      // A row that failed before goes alone, so that it cannot take its neighbours along.
      if (rows.length > 0 && (messages + row.n > limit || row.tries > 0)) break;
      rows.push(row);
      messages += row.n;
      if (row.tries > 0) break;
    }
    return rows;
  }

  remove(firsts: readonly string[]): void {
    for (const first of firsts) this.#sql.exec("DELETE FROM outbox WHERE first = ?", first);
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
  locate(id: string): { row: string; lane: number; dueAt: number; submissions: Submission[]; one: Submission } | null {
    const place = parseMessageId(id);
    if (!place) return null;
    const floor = `msg_${encode32(Math.max(0, place.at - ROW_SPAN_MS), 10)}`;
    const cursor = this.#sql.exec<{ first: string; lane: number; due_at: number; body: string }>(
      "SELECT first, lane, due_at, body FROM outbox WHERE first <= ? AND first >= ? AND last >= ? ORDER BY first DESC",
      id,
      floor,
      id,
    );
    for (const row of cursor) {
      const submissions = JSON.parse(row.body) as Submission[];
      const one = pick(submissions, id);
      if (one) return { row: row.first, lane: row.lane, dueAt: row.due_at, submissions, one };
    }
    return null;
  }

  /** Takes the message out of its row and puts `changed` in a row of its own. One transaction. */
  move(
    found: { row: string; submissions: readonly Submission[]; lane: number; dueAt: number },
    id: string,
    changed: Submission,
  ): void {
    const rest = found.submissions.flatMap((s) => without(s, id));
    this.#sql.exec("DELETE FROM outbox WHERE first = ?", found.row);
    if (rest.length > 0) this.add({ ...group(rest), lane: found.lane, dueAt: found.dueAt });
    this.add({ ...group([changed]), lane: found.lane, dueAt: changed.cancelled_at ?? changed.due_at });
  }

  /** Held messages below `before`, newest first, one recipient each. Scans a bounded number of rows. */
  list(projectId: string, before: string | null, limit: number, maxRows = 2000): Submission[] {
    const found: Submission[] = [];
    const cursor = this.#sql.exec<{ body: string }>(
      "SELECT body FROM outbox WHERE first < ? ORDER BY first DESC LIMIT ?",
      before ?? "msg_~",
      maxRows,
    );
    let oldest = "";
    for (const row of cursor) {
      const submissions = JSON.parse(row.body) as Submission[];
      // Rows of one commit interleave, so stop only once a whole commit lies below the page.
      if (found.length >= limit && (submissions[0]?.first ?? "") < oldest.slice(0, 14)) break;
      for (const s of submissions) {
        if (s.project_id !== projectId) continue;
        for (let i = s.to.length - 1; i >= 0; i--) {
          const id = messageIdAt(s.first, i);
          if (before !== null && id >= before) continue;
          found.push(single(s, i));
        }
      }
      found.sort((a, b) => (a.first < b.first ? 1 : -1));
      oldest = found[Math.min(limit, found.length) - 1]?.first ?? "";
    }
    return found.slice(0, limit);
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

function single(s: Submission, index: number): Submission {
  const recipient = s.to[index];
  if (!recipient) throw new Error(`submission ${s.first} has no recipient ${index}`);
  return { ...s, first: messageIdAt(s.first, index), to: [recipient] };
}

function pick(submissions: readonly Submission[], id: string): Submission | null {
  for (const s of submissions) {
    const index = indexInRun(s.first, s.to.length, id);
    if (index >= 0) return single(s, index);
  }
  return null;
}

/** The run without one of its messages: up to two runs. */
function without(s: Submission, id: string): Submission[] {
  const index = indexInRun(s.first, s.to.length, id);
  if (index < 0) return [s];
  const parts: Submission[] = [];
  if (index > 0) parts.push({ ...s, to: s.to.slice(0, index) });
  if (index + 1 < s.to.length) parts.push({ ...s, first: messageIdAt(s.first, index + 1), to: s.to.slice(index + 1) });
  return parts;
}

function group(submissions: readonly Submission[]): { first: string; last: string; n: number; body: string } {
  const firsts = submissions.map((s) => s.first).sort();
  const lasts = submissions.map((s) => messageIdAt(s.first, s.to.length - 1)).sort();
  return {
    first: firsts[0] ?? "",
    last: lasts[lasts.length - 1] ?? "",
    n: submissions.reduce((sum, s) => sum + s.to.length, 0),
    body: JSON.stringify(submissions),
  };
}
