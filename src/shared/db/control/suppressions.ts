/** Suppressions: whom a tenant, or everybody, must not write to. One row a destination. */
import type { Channel } from "../../core/channels.ts";
import {
  EVERYBODY,
  REASON_RANK,
  type Suppression,
  type SuppressionPlace,
  type SuppressionReason,
} from "../../core/suppression.ts";
import type { TenantScope } from "../scope.ts";

const COLUMNS = "channel, destination, reason, source, project_id, message_id, created_at, expires_at";

interface StoredRow {
  readonly channel: string;
  readonly destination: string;
  readonly reason: string;
  readonly source: string;
  readonly project_id: string | null;
  readonly message_id: string | null;
  readonly created_at: number;
  readonly expires_at: number | null;
}

const RANKS = Object.entries(REASON_RANK)
  .map(([reason, rank]) => `WHEN '${reason}' THEN ${rank}`)
  .join(" ");
const rankSql = (column: string) => `(CASE ${column} ${RANKS} ELSE 1 END)`;

export interface SuppressionFilter {
  readonly channel?: Channel | undefined;
  readonly reason?: SuppressionReason | undefined;
  /** As `suppressionKey` spells it. */
  readonly destination?: string | undefined;
}

export function suppressionsOf(db: D1Database, scope: TenantScope) {
  return {
    /** Destinations that are there keep the reason that ranks higher; one that has ended begins anew. */
    add(rows: readonly Suppression[], now: number): D1PreparedStatement {
      return db
        .prepare(
          `INSERT INTO suppressions (tenant_id, ${COLUMNS})
           SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
           FROM json_each(?2) WHERE true
           ON CONFLICT (tenant_id, channel, destination) DO UPDATE SET reason = excluded.reason, source = excluded.source,
             project_id = excluded.project_id, message_id = excluded.message_id, created_at = excluded.created_at,
             expires_at = excluded.expires_at
           WHERE ${rankSql("excluded.reason")} > ${rankSql("suppressions.reason")}
             OR suppressions.expires_at <= ?3`,
        )
        .bind(scope.tenantId, JSON.stringify(rows.map(packed)), now);
    },
    remove({ channel, destination }: SuppressionPlace): D1PreparedStatement {
      return db
        .prepare("DELETE FROM suppressions WHERE tenant_id = ?1 AND channel = ?2 AND destination = ?3 RETURNING destination")
        .bind(scope.tenantId, channel, destination);
    },
    /** Only those that are there for this reason, and since `since` at the earliest. */
    lift(places: readonly SuppressionPlace[], reason: SuppressionReason, since = 0): D1PreparedStatement {
      return db
        .prepare(
          `DELETE FROM suppressions WHERE tenant_id = ?1 AND reason = ?3 AND created_at >= ?4
             AND (channel, destination) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))`,
        )
        .bind(scope.tenantId, JSON.stringify(places.map((p) => [p.channel, p.destination])), reason, since);
    },
    async get({ channel, destination }: SuppressionPlace): Promise<Suppression | null> {
      const row = await db
        .prepare(`SELECT ${COLUMNS} FROM suppressions WHERE tenant_id = ?1 AND channel = ?2 AND destination = ?3`)
        .bind(scope.tenantId, channel, destination)
        .first<StoredRow>();
      return row && toSuppression(row);
    },
    /** By channel and destination, those behind `after`. Looks through the tenant's own where it filters by reason. */
    async list(filter: SuppressionFilter, after: SuppressionPlace | null, limit: number): Promise<Suppression[]> {
      const { results } = await db
        .prepare(
          `SELECT ${COLUMNS} FROM suppressions
           WHERE tenant_id = ?1 AND (channel, destination) > (?2, ?3)
             AND (?4 IS NULL OR channel = ?4) AND (?5 IS NULL OR reason = ?5) AND (?6 IS NULL OR destination = ?6)
           ORDER BY channel, destination LIMIT ?7`,
        )
        .bind(
          scope.tenantId,
          after?.channel ?? "",
          after?.destination ?? "",
          filter.channel ?? null,
          filter.reason ?? null,
          filter.destination ?? null,
          limit,
        )
        .all<StoredRow>();
      return results.map(toSuppression);
    },
    /** What holds now of these destinations, for this tenant or for everybody. One statement. */
    async among(places: readonly SuppressionPlace[], now: number): Promise<(Suppression & { readonly isGlobal: boolean })[]> {
      const { results } = await db
        .prepare(
          `SELECT s.tenant_id AS tenant, s.channel, s.destination, s.reason, s.source, s.project_id, s.message_id, s.created_at, s.expires_at
           FROM json_each(?2) AS j
           CROSS JOIN suppressions AS s ON s.tenant_id IN (?1, '${EVERYBODY}') AND s.channel = j.value ->> 0 AND s.destination = j.value ->> 1
           WHERE s.expires_at IS NULL OR s.expires_at > ?3`,
        )
        .bind(scope.tenantId, JSON.stringify(places.map((p) => [p.channel, p.destination])), now)
        .all<StoredRow & { tenant: string }>();
      return results.map((row) => ({ ...toSuppression(row), isGlobal: row.tenant === EVERYBODY }));
    },
  };
}

function packed(row: Suppression): unknown[] {
  const { channel, destination, reason, source, projectId, messageId, createdAt, expiresAt } = row;
  return [channel, destination, reason, source, projectId, messageId, createdAt, expiresAt];
}

/** `add` wrote the columns, from a Suppression. */
function toSuppression(row: StoredRow): Suppression {
  return {
    channel: row.channel as Channel,
    destination: row.destination,
    reason: row.reason as SuppressionReason,
    source: row.source,
    projectId: row.project_id,
    messageId: row.message_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
