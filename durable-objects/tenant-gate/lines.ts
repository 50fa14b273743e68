/**
 * The last message of each line (`ordering_key`). One table a week: forgetting the lines that have been still for
 * one to two weeks is one DROP TABLE, where deleting each would cost another row written.
 */
const WEEK_MS = 7 * 86_400_000;

export class Lines {
  readonly #sql: SqlStorage;
  #weeks: number[];

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#weeks = [];
    this.reload();
  }

  /** Reads again what stands: after a transaction that was rolled back. */
  reload(): void {
    this.#weeks = this.#sql
      .exec<{ week: number }>("SELECT week FROM line_weeks ORDER BY week DESC")
      .toArray()
      .map((r) => r.week);
  }

  /** Puts a message at the end of its line; answers the one that was last, or null. One row written. */
  append(line: string, messageId: string, now: number): string | null {
    const before = this.#last(line);
    const week = Math.floor(now / WEEK_MS);
    if (!this.#weeks.includes(week)) this.#open(week);
    this.#sql.exec(
      `INSERT INTO lines_${week} VALUES (?, ?) ON CONFLICT (line) DO UPDATE SET last = excluded.last`,
      line,
      messageId,
    );
    return before;
  }

  /** Drops the weeks that lie wholly a week back. */
  forget(now: number): void {
    const oldest = Math.floor(now / WEEK_MS) - 1;
    for (const week of this.#weeks.filter((w) => w < oldest)) {
      this.#sql.exec(`DROP TABLE IF EXISTS lines_${week}`);
      this.#sql.exec("DELETE FROM line_weeks WHERE week = ?", week);
    }
    this.#weeks = this.#weeks.filter((w) => w >= oldest);
  }

  /** Ids grow within a gate, so the greatest is the last, also where the clock went back over a week's border. */
  #last(line: string): string | null {
    let last: string | null = null;
    for (const week of this.#weeks) {
      const found = this.#sql.exec<{ last: string }>(`SELECT last FROM lines_${week} WHERE line = ?`, line).toArray()[0]?.last;
      if (found !== undefined && (last === null || found > last)) last = found;
    }
    return last;
  }

  #open(week: number): void {
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS lines_${week} (line TEXT PRIMARY KEY, last TEXT NOT NULL) WITHOUT ROWID`);
    this.#sql.exec("INSERT OR IGNORE INTO line_weeks VALUES (?)", week);
    this.#weeks = [week, ...this.#weeks].sort((a, b) => b - a);
  }
}
