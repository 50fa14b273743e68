/** Signatures that do not cover what they came with, and so are good for one body each (`once` in providers/provider.ts). */
import type { TenantScope } from "../scope.ts";

/** Longer than twice the replay window, so that a token is still known for as long as its timestamp is taken. */
const SLOT_MS = 900_000;
/** Rows that one call takes away at most: more than it writes. */
const PRUNED_AT_ONCE = 20;

export interface Spending {
  readonly connectionId: string;
  readonly token: string;
  /** Hex SHA-256 of the body. */
  readonly bodyHash: string;
}

/** Commit in this order; the last result's row has the `hash` of the body that the token was spent on first. */
export function spend(db: D1Database, { tenantId }: TenantScope, spending: Spending, now: number): D1PreparedStatement[] {
  const slot = Math.floor(now / SLOT_MS);
  const mine = [tenantId, spending.connectionId, slot] as const;
  const known = "tenant_id = ?1 AND connection_id = ?2 AND slot IN (?3, ?3 - 1) AND token = ?4";
  return [
    db
      .prepare(
        `DELETE FROM spent_signatures WHERE tenant_id = ?1 AND connection_id = ?2 AND (slot, token) IN (
           SELECT slot, token FROM spent_signatures WHERE tenant_id = ?1 AND connection_id = ?2 AND slot < ?3 - 1
           LIMIT ${PRUNED_AT_ONCE})`,
      )
      .bind(...mine),
    db
      .prepare(
        `INSERT INTO spent_signatures (tenant_id, connection_id, slot, token, body_hash)
         SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM spent_signatures WHERE ${known})
         ON CONFLICT DO NOTHING`,
      )
      .bind(...mine, spending.token, spending.bodyHash),
    db
      .prepare(`SELECT body_hash AS hash FROM spent_signatures WHERE ${known} ORDER BY slot LIMIT 1`)
      .bind(...mine, spending.token),
  ];
}
