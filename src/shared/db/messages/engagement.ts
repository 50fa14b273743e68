/** What addresses have shown in sends whose order is learned. Each database knows what went through it. */
import type { Evidence } from "../../core/engagement.ts";
import type { TenantScope } from "../scope.ts";

export interface Shown {
  readonly projectId: string;
  readonly key: string;
  readonly answered: boolean;
}

export function engagementOf(db: D1Database, scope: TenantScope) {
  return {
    /** By project and key, joined by a space. */
    async read(wanted: readonly { readonly projectId: string; readonly key: string }[]): Promise<ReadonlyMap<string, Evidence>> {
      const { results } = await db
        .prepare(
          `SELECT e.project_id AS project, e.key AS key, e.tried AS tried, e.answered AS answered FROM json_each(?2) j
           CROSS JOIN engagement e ON e.tenant_id = ?1 AND e.project_id = j.value ->> 0 AND e.key = j.value ->> 1`,
        )
        .bind(scope.tenantId, JSON.stringify(wanted.map((w) => [w.projectId, w.key])))
        .all<{ project: string; key: string; tried: number; answered: number }>();
      return new Map(results.map((r) => [`${r.project} ${r.key}`, { tried: r.tried, answered: r.answered }]));
    },
    /** Where the batch that it stands in runs twice, it counts twice: evidence, and no account. */
    note(shown: readonly Shown[], now: number): D1PreparedStatement {
      return db
        .prepare(
          `INSERT INTO engagement (tenant_id, project_id, key, tried, answered, updated_at)
           SELECT ?1, value ->> 0, value ->> 1, COUNT(*), SUM(value ->> 2), ?3 FROM json_each(?2) WHERE true
           GROUP BY value ->> 0, value ->> 1
           ON CONFLICT DO UPDATE SET tried = tried + excluded.tried, answered = answered + excluded.answered, updated_at = ?3`,
        )
        .bind(scope.tenantId, JSON.stringify(shown.map((s) => [s.projectId, s.key, s.answered ? 1 : 0])), now);
    },
  };
}
