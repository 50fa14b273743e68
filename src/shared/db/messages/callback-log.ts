/** The history of callbacks to one endpoint: what a customer reads, sets on its way again, and what is kept no longer. */
import type { CallbackAttempt, CallbackEnd, CallbackState } from "../../core/callback.ts";
import type { ProjectScope, TenantScope } from "../scope.ts";
import { CALLBACKS_A_PACK } from "./callbacks.ts";
import { type Page, SCAN_ROWS, scannedPage } from "./pages.ts";

export interface Callback {
  readonly id: string;
  readonly type: string;
  readonly messageId: string | null;
  readonly url: string | null;
  readonly state: CallbackState;
  readonly reason: CallbackEnd | null;
  readonly attempts: readonly CallbackAttempt[];
  readonly nextAt: number | null;
  readonly updatedAt: number;
}

type StoredRow = Omit<Callback, "attempts"> & { readonly attempts: string };

const COLUMNS = `id, type, message_id AS messageId, url, state, reason, attempts, next_at AS nextAt, updated_at AS updatedAt`;

/** Callbacks that one call of `recover` sets on their way in one database. */
export const RECOVERED_AT_ONCE = 5_000;

export function callbackLogOf(db: D1Database, scope: ProjectScope, endpointId: string) {
  const where = "tenant_id = ?1 AND endpoint_id = ?2";
  return {
    async get(id: string): Promise<Callback | null> {
      const row = await db
        .prepare(`SELECT ${COLUMNS} FROM callbacks WHERE ${where} AND id = ?3 AND project_id = ?4`)
        .bind(scope.tenantId, endpointId, id, scope.projectId)
        .first<StoredRow>();
      return row && toCallback(row);
    },

    /** At most `limit` with an id below `before`, newest first. */
    async list(state: CallbackState | null, before: string | null, limit: number): Promise<Page<Callback>> {
      const top = before ?? "evt_~";
      const { results } = await db
        .prepare(
          `SELECT * FROM (SELECT ${COLUMNS}, project_id FROM callbacks WHERE ${where} AND id < ?3 ORDER BY id DESC LIMIT ${SCAN_ROWS})
           WHERE project_id = ?4 AND (?5 IS NULL OR state = ?5) LIMIT ?6`,
        )
        .bind(scope.tenantId, endpointId, top, scope.projectId, state, limit)
        .all<StoredRow>();
      return scannedPage(results.map(toCallback), limit, () =>
        db
          .prepare(`SELECT id FROM callbacks WHERE ${where} AND id < ?3 ORDER BY id DESC LIMIT 1 OFFSET ${SCAN_ROWS - 1}`)
          .bind(scope.tenantId, endpointId, top)
          .first<{ id: string }>(),
      );
    },

    /**
     * Sets callbacks on their way again, with all of their tries before them; to be committed as they come. `pick` is SQL
     * over the endpoint's rows. The first answers the ids of the packs that it made.
     */
    restart(pick: RestartPick, batch: string, now: number): D1PreparedStatement[] {
      const { sql, params } = pickSql(pick);
      const chosen = `SELECT id FROM callbacks WHERE ${where} AND project_id = ?3 AND state <> 'pending' AND ${sql}`;
      const bind = (statement: D1PreparedStatement) =>
        statement.bind(scope.tenantId, endpointId, scope.projectId, now, batch, ...params);
      return [
        bind(
          db.prepare(
            `INSERT INTO callback_packs (tenant_id, id, endpoint_id, refs, due_at, rung_at)
             SELECT ?1, ?5 || '-' || ?2 || '-' || part, ?2, json_group_array(id), ?4, ?4
             FROM (SELECT id, (ROW_NUMBER() OVER (ORDER BY id) - 1) / ${CALLBACKS_A_PACK} AS part FROM (${chosen}))
             GROUP BY part
             RETURNING id`,
          ),
        ),
        bind(
          db.prepare(
            `UPDATE callbacks SET state = 'pending', reason = NULL, tries = 0, next_at = ?4, updated_at = ?4
             WHERE ${where} AND id IN (${chosen}) AND ?5 <> ''`,
          ),
        ),
      ];
    },

    /** Whether any post was taken since then, of the callbacks made after `from` (both milliseconds since 1970). */
    async wasTakenSince(at: number, fromId: string): Promise<boolean> {
      const row = await db
        .prepare(
          `SELECT 1 AS yes FROM (SELECT state, updated_at FROM callbacks WHERE ${where} AND id >= ?3 ORDER BY id DESC LIMIT ${SCAN_ROWS})
           WHERE state = 'delivered' AND updated_at > ?4 LIMIT 1`,
        )
        .bind(scope.tenantId, endpointId, fromId, at)
        .first();
      return row !== null;
    },
  };
}

/** One callback by its id, or those that were given up and whose ids lie from `from` to below `to`. */
export type RestartPick =
  | { readonly kind: "one"; readonly id: string }
  | { readonly kind: "failed"; readonly from: string; readonly to: string };

function pickSql(pick: RestartPick): { readonly sql: string; readonly params: readonly string[] } {
  switch (pick.kind) {
    case "one":
      return { sql: "id = ?6", params: [pick.id] };
    case "failed":
      return {
        sql: `state = 'failed' AND id >= ?6 AND id < ?7 ORDER BY id LIMIT ${RECOVERED_AT_ONCE}`,
        params: [pick.from, pick.to],
      };
  }
}

/** Rows that one pruning takes away of each endpoint at most: more than are written beside it. */
const PRUNED_AT_ONCE = 200;

/** Takes away the oldest callbacks of every endpoint of a tenant. One look an endpoint where there are none. */
export function pruneCallbacks(db: D1Database, scope: TenantScope, below: string): D1PreparedStatement {
  return db
    .prepare(
      `WITH RECURSIVE e(id) AS (
         SELECT MIN(endpoint_id) FROM callbacks WHERE tenant_id = ?1
         UNION ALL
         SELECT (SELECT MIN(endpoint_id) FROM callbacks WHERE tenant_id = ?1 AND endpoint_id > e.id) FROM e WHERE e.id IS NOT NULL)
       DELETE FROM callbacks WHERE tenant_id = ?1 AND (endpoint_id, id) IN (
         SELECT c.endpoint_id, c.id FROM e CROSS JOIN callbacks c ON c.tenant_id = ?1 AND c.endpoint_id = e.id AND c.id < ?2
         LIMIT ${PRUNED_AT_ONCE})`,
    )
    .bind(scope.tenantId, below);
}

/** Casts what the writers of this table put in. */
function toCallback(row: StoredRow): Callback {
  return { ...row, attempts: JSON.parse(row.attempts) as CallbackAttempt[] };
}
