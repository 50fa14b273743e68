/**
 * What the gate knows of keys beyond their buckets: which are suspended, durably, and how each is used, in memory
 * (core/abuse.ts). It suspends nothing by itself: it tells the planner of its suspicion, and is told what came of it.
 */
import { type KeyCounts, Tallies } from "../../src/shared/core/abuse.ts";
import type { AcceptRequest, AcceptResult, KeyFailure } from "../../src/shared/ports/gate.ts";
import type { Planner } from "../../src/shared/ports/planner.ts";

export class KeyWatch {
  readonly #tenantId: string;
  readonly #sql: SqlStorage;
  readonly #planner: Planner;
  readonly #tallies: Tallies;
  readonly #suspended: Set<string>;

  constructor(tenantId: string, sql: SqlStorage, planner: Planner, now: number) {
    this.#tenantId = tenantId;
    this.#sql = sql;
    this.#planner = planner;
    this.#tallies = new Tallies(now);
    const rows = sql.exec<{ key_id: string }>("SELECT key_id FROM suspensions WHERE is_suspended = 1").toArray();
    this.#suspended = new Set(rows.map((row) => row.key_id));
  }

  get suspended(): ReadonlySet<string> {
    return this.#suspended;
  }

  /** Takes over what the newest change says, in whatever order changes are told. */
  set(keyId: string, isSuspended: boolean, at: number): void {
    const { rowsWritten } = this.#sql.exec(
      `INSERT INTO suspensions (key_id, at, is_suspended) VALUES (?, ?, ?)
       ON CONFLICT (key_id) DO UPDATE SET at = excluded.at, is_suspended = excluded.is_suspended WHERE excluded.at >= suspensions.at`,
      keyId,
      at,
      isSuspended ? 1 : 0,
    );
    if (rowsWritten === 0) return;
    if (isSuspended) this.#suspended.add(keyId);
    else this.#suspended.delete(keyId);
    this.#tallies.forget(keyId);
  }

  countsOf(keyId: string): KeyCounts {
    return this.#tallies.countsOf(keyId);
  }

  /** Counts what was newly accepted. Resolves when the planner has judged what is suspicious, if anything is; never rejects. */
  async count(requests: readonly AcceptRequest[], results: readonly AcceptResult[], now: number): Promise<void> {
    const suspects = new Set<string>();
    for (const [i, { keyId, watched, items }] of requests.entries()) {
      const result = results[i];
      if (!watched || result?.kind !== "accepted" || result.replayed) continue;
      const count = result.items.reduce((sum, one, k) => {
        return one.kind === "accepted" && !one.replayed ? sum + (items[k]?.count ?? 0) : sum;
      }, 0);
      if (count > 0 && this.#tallies.accepted(keyId, watched, count, now)) suspects.add(keyId);
    }
    await this.#report(suspects, now);
  }

  /** Counts failures. Resolves and never rejects, as above. */
  async fail(failures: readonly KeyFailure[], now: number): Promise<void> {
    const byKey = new Map<string, number[]>();
    for (const { keyId, acceptedAt } of failures) byKey.set(keyId, [...(byKey.get(keyId) ?? []), acceptedAt]);
    const suspects = [...byKey].filter(([keyId, acceptedAts]) => this.#tallies.failed(keyId, acceptedAts, now));
    await this.#report(new Set(suspects.map(([keyId]) => keyId)), now);
  }

  async #report(suspects: ReadonlySet<string>, now: number): Promise<void> {
    for (const keyId of suspects) {
      try {
        await this.#planner.judgeKey(this.#tenantId, keyId, now);
      } catch (error) {
        // The tally stays, so the next minute's suspicion is told again.
        console.error(
          JSON.stringify({
            level: "error",
            event: "key_not_judged",
            tenant_id: this.#tenantId,
            key_id: keyId,
            error: String(error),
          }),
        );
      }
    }
  }
}
