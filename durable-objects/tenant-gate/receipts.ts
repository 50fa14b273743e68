/**
 * Idempotency records. One table a day of expiry: forgetting a day is one DROP TABLE, where deleting
 * each record would cost another row written per message.
 */
import type { AcceptedItem, IdempotencyKey } from "../../src/shared/ports/gate.ts";

const DAY_MS = 86_400_000;

export interface ReceiptRecord {
  readonly requestId: string;
  readonly echo: string;
  readonly items: readonly AcceptedItem[];
}

export class Receipts {
  readonly #sql: SqlStorage;
  #days: number[];

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#days = [];
    this.reload();
  }

  /** Reads again what stands: after a transaction that was rolled back. */
  reload(): void {
    this.#days = this.#sql
      .exec<{ day: number }>("SELECT day FROM key_days ORDER BY day")
      .toArray()
      .map((r) => r.day);
  }

  /** `undefined`: never seen, or forgotten; `"conflict"`: seen with another body. */
  find(key: IdempotencyKey, now: number): ReceiptRecord | "conflict" | undefined {
    for (const day of this.#days) {
      const row = this.#sql
        .exec<{ fingerprint: string; record: string }>(
          `SELECT fingerprint, record FROM keys_${day} WHERE key = ? AND expires_at > ?`,
          key.key,
          now,
        )
        .toArray()[0];
      if (row) return row.fingerprint === key.fingerprint ? (JSON.parse(row.record) as ReceiptRecord) : "conflict";
    }
    return undefined;
  }

  keep(key: IdempotencyKey, record: ReceiptRecord, now: number): void {
    const expiresAt = now + key.ttlMs;
    const day = Math.floor(expiresAt / DAY_MS);
    if (!this.#days.includes(day)) this.#open(day);
    this.#sql.exec(
      `INSERT INTO keys_${day} (key, fingerprint, record, expires_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, record = excluded.record, expires_at = excluded.expires_at`,
      key.key,
      key.fingerprint,
      JSON.stringify(record),
      expiresAt,
    );
  }

  /** Drops the days that lie wholly in the past. */
  forget(now: number): void {
    const today = Math.floor(now / DAY_MS);
    for (const day of this.#days.filter((d) => d < today)) {
      this.#sql.exec(`DROP TABLE IF EXISTS keys_${day}`);
      this.#sql.exec("DELETE FROM key_days WHERE day = ?", day);
    }
    this.#days = this.#days.filter((d) => d >= today);
  }

  #open(day: number): void {
    this.#sql.exec(
      `CREATE TABLE IF NOT EXISTS keys_${day} (
         key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, record TEXT NOT NULL, expires_at INTEGER NOT NULL
       ) WITHOUT ROWID`,
    );
    this.#sql.exec("INSERT OR IGNORE INTO key_days VALUES (?)", day);
    this.#days = [...this.#days, day].sort((a, b) => a - b);
  }
}
