/**
 * Who was sent what within a window. A key's row lies in one of its tenant's databases, whichever its messages
 * lie in: there one transaction decides who is first.
 */
import type { TenantScope } from "../scope.ts";

export interface Claim {
  /** Hex SHA-256. */
  readonly key: string;
  readonly messageId: string;
  /** The message's due time; until when others of this key are its duplicates. */
  readonly at: number;
  readonly until: number;
}

/** The message that stands for a key. */
export interface Owner {
  readonly key: string;
  readonly messageId: string;
  readonly until: number;
}

/** Rows dropped a call. */
const MOST_PRUNED = 500;

export function dedupesOf(db: D1Database, scope: TenantScope) {
  return {
    /**
     * Takes the keys that nobody has at the claim's time. A key stands at most once in `claims`. Runs twice with
     * the same result: windows are reckoned from due times, not from when this runs.
     */
    claim(claims: readonly Claim[]): D1PreparedStatement {
      return db
        .prepare(
          `INSERT INTO dedupes (tenant_id, key, message_id, until)
           SELECT ?1, j.value ->> 0, j.value ->> 1, j.value ->> 3 FROM json_each(?2) AS j
           WHERE NOT EXISTS (SELECT 1 FROM dedupes AS d
             WHERE d.tenant_id = ?1 AND d.key = j.value ->> 0 AND d.until > j.value ->> 2)
           ON CONFLICT (tenant_id, key) DO UPDATE SET message_id = excluded.message_id, until = excluded.until`,
        )
        .bind(scope.tenantId, cells(claims));
    },
    /** Puts another message in the place of one that will not go out; does nothing where somebody came first. */
    takeOver(claims: readonly (Claim & { readonly from: string })[]): D1PreparedStatement {
      return db
        .prepare(
          `WITH j AS MATERIALIZED (
             SELECT ?1 AS tenant, value ->> 0 AS key, value ->> 1 AS id, value ->> 3 AS until, value ->> 4 AS was FROM json_each(?2))
           UPDATE dedupes SET message_id = j.id, until = j.until FROM j
           WHERE dedupes.tenant_id = j.tenant AND dedupes.key = j.key AND dedupes.message_id = j.was`,
        )
        .bind(scope.tenantId, cells(claims));
    },
    /** Rows as `Owner`. In one batch behind `claim` or `takeOver`. */
    owners(keys: readonly string[]): D1PreparedStatement {
      return db
        .prepare(
          `SELECT d.key AS key, d.message_id AS messageId, d.until AS until
           FROM json_each(?2) AS j CROSS JOIN dedupes AS d ON d.tenant_id = ?1 AND d.key = j.value`,
        )
        .bind(scope.tenantId, JSON.stringify(keys));
    },
    /** Which of these messages came to an end and did not go out, as far as anybody knows. */
    async ended(messageIds: readonly string[]): Promise<string[]> {
      const { results } = await db
        .prepare(
          `SELECT m.id AS id FROM json_each(?2) AS j CROSS JOIN messages AS m ON m.tenant_id = ?1 AND m.id = j.value
           WHERE m.status IN ('failed', 'cancelled', 'expired', 'suppressed') AND m.deliveries ->> '$[0].phase' <> 'unknown'`,
        )
        .bind(scope.tenantId, JSON.stringify(messageIds))
        .all<{ id: string }>();
      return results.map((row) => row.id);
    },
  };
}

/** Drops rows whose window ended before `before`, of whichever tenant, a bounded number at a time. */
export function pruneDedupes(db: D1Database, before: number): D1PreparedStatement {
  return db
    .prepare(
      `DELETE FROM dedupes WHERE (tenant_id, key) IN (
         SELECT tenant_id, key FROM dedupes INDEXED BY dedupes_until WHERE until <= ?1 ORDER BY until LIMIT ${MOST_PRUNED})`,
    )
    .bind(before);
}

function cells(claims: readonly (Claim & { readonly from?: string })[]): string {
  return JSON.stringify(claims.map((c) => [c.key, c.messageId, c.at, c.until, c.from ?? null]));
}
