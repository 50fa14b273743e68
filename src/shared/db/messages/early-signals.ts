/** Signals of messages that have no row, kept for a week: one that gets its row later hears of them after all. */
import type { Signal } from "../../contract/jobs.ts";
import type { TenantScope } from "../scope.ts";

/** Of one tenant in one database. Where many come, they are about messages of somebody else, and never matched. */
export const EARLY_KEPT = 1000;
export const EARLY_DAYS = 7;
const DAY_MS = 86_400_000;
const MATCHED_AT_ONCE = 200;

export function earlySignalsOf(db: D1Database, { tenantId }: TenantScope) {
  return {
    keep(signals: readonly Signal[], now: number): D1PreparedStatement {
      return db
        .prepare(
          `INSERT INTO early_signals (tenant_id, message_id, key, signal, at)
           SELECT ?1, value ->> 'message_id', value ->> 'key', value, ?3 FROM json_each(?2)
           WHERE (SELECT COUNT(*) FROM early_signals WHERE tenant_id = ?1) < ${EARLY_KEPT}
           ON CONFLICT DO NOTHING`,
        )
        .bind(tenantId, JSON.stringify(signals), now);
    },
    /** Those whose message has a row by now. */
    matched(): D1PreparedStatement {
      return db
        .prepare(
          `SELECT signal FROM early_signals e
           WHERE tenant_id = ?1 AND EXISTS (SELECT 1 FROM messages m WHERE m.tenant_id = ?1 AND m.id = e.message_id)
           LIMIT ${MATCHED_AT_ONCE}`,
        )
        .bind(tenantId);
    },
    forget(signals: readonly Pick<Signal, "message_id" | "key">[]): D1PreparedStatement {
      return db
        .prepare(
          `DELETE FROM early_signals WHERE tenant_id = ?1
             AND (message_id, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))`,
        )
        .bind(tenantId, JSON.stringify(signals.map((s) => [s.message_id, s.key])));
    },
    prune(now: number): D1PreparedStatement {
      return db.prepare("DELETE FROM early_signals WHERE tenant_id = ?1 AND at < ?2").bind(tenantId, now - EARLY_DAYS * DAY_MS);
    },
  };
}

/** The rows of `matched`, which `keep` wrote from Signals. */
export function signalsIn(result: D1Result | undefined): Signal[] {
  return ((result?.results ?? []) as { signal: string }[]).map(({ signal }) => JSON.parse(signal) as Signal);
}
