/** Writes of the delivery step and the recorder: outcomes and signals, folded into the message's row. */
import type { Delivery, MessageEvent } from "../../core/message.ts";
import type { Events } from "../../core/settlement.ts";
import type { Status } from "../../core/status.ts";
import type { TenantScope } from "../scope.ts";
import { appendOnceSql, appendSql, forwardSql, markOf } from "./fold.ts";

export interface OutcomeRow {
  readonly messageId: string;
  readonly delivery: Delivery;
  /** Written together, or not at all where the log has the first of them. */
  readonly events: Events;
  readonly status: Status;
}

export interface SignalRow {
  readonly messageId: string;
  readonly events: readonly MessageEvent[];
  readonly status: Status | null;
  /** The delivery that the outside is known to have, by its own word; null where it says nothing of the kind. */
  readonly has: number | null;
}

/**
 * In both statements the tenant comes out of `j`, not as a parameter of its own: with a constant, SQLite
 * reads all of the tenant's rows and looks each up in `j`, instead of looking `j` up by the primary key.
 */
export function settleOf(db: D1Database, scope: TenantScope) {
  return {
    /** Outcomes of deliveries. A message stands at most once in `rows`. What was sent stays sent, whoever else held it. */
    outcomes(rows: readonly OutcomeRow[], now: number): D1PreparedStatement {
      return db
        .prepare(
          `WITH j AS MATERIALIZED (
             SELECT ?1 AS tenant, value ->> 0 AS id, value ->> 1 AS status, value ->> 2 AS n, value -> 3 AS delivery, value -> 4 AS events,
               value ->> 5 AS mark
             FROM json_each(?2))
           UPDATE messages SET
             status = ${forwardSql("j.status")},
             deliveries = CASE WHEN deliveries ->> ('$[' || j.n || '].phase') = 'sent' THEN deliveries
               ELSE json_set(deliveries, '$[' || j.n || ']', json(j.delivery)) END,
             log = ${appendOnceSql("j.events", "j.mark")},
             updated_at = ?3
           FROM j
           WHERE messages.tenant_id = j.tenant AND messages.id = j.id`,
        )
        .bind(
          scope.tenantId,
          JSON.stringify(rows.map((r) => [r.messageId, r.status, r.delivery.n, r.delivery, r.events, markOf(r.events[0].key)])),
          now,
        );
    },
    /**
     * What the outside said; answers the ids of the messages that there are. A message stands at most once in `rows`; an
     * event that the log has is dropped. A delivery that was in doubt is sent, where the outside has it.
     */
    signals(rows: readonly SignalRow[], now: number): D1PreparedStatement {
      return db
        .prepare(
          `WITH j AS MATERIALIZED (
             SELECT ?1 AS tenant, value ->> 0 AS id, value ->> 1 AS status, value -> 2 AS events,
               '$[' || (value ->> 3) || '].phase' AS phase
             FROM json_each(?2))
           UPDATE messages SET status = ${forwardSql("j.status")}, log = ${appendSql("j.events")}, updated_at = ?3,
             deliveries = CASE WHEN j.phase IS NOT NULL AND deliveries ->> j.phase = 'unknown'
               THEN json_set(deliveries, j.phase, 'sent') ELSE deliveries END
           FROM j
           WHERE messages.tenant_id = j.tenant AND messages.id = j.id
           RETURNING messages.id`,
        )
        .bind(scope.tenantId, JSON.stringify(rows.map((r) => [r.messageId, r.status, r.events, r.has])), now);
    },
  };
}
