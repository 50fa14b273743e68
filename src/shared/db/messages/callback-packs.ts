/** Packs of callbacks: claimed with a lease, settled, and rung again where a bell was lost. As db/messages/packs.ts. */
import type { CallbackAttempt, Settled } from "../../core/callback.ts";
import type { Delivery } from "../../core/message.ts";
import type { TenantScope } from "../scope.ts";

/** A callback that a claim took, with what its body is made of. */
export interface ClaimedCallback {
  readonly pack: string;
  readonly endpoint_id: string;
  /** Null where the row is gone. */
  readonly id: string | null;
  readonly project_id: string;
  readonly type: string;
  readonly message_id: string | null;
  readonly url: string | null;
  readonly event: string;
  readonly state: string;
  readonly tries: number;
  /** JSON array of CallbackAttempt. */
  readonly attempts: string;
  /** Null where the message is gone, and where it is about none. */
  readonly mode: string | null;
  readonly channel: string;
  readonly recipient: string;
  readonly template: string | null;
  readonly category: string | null;
  readonly tags: string | null;
  /** JSON of the Delivery that the event names. */
  readonly delivery: string | null;
  readonly request_id: string | null;
  /** JSON. */
  readonly metadata: string | null;
}

export interface CallbackPack {
  readonly id: string;
  readonly endpointId: string;
  readonly refs: readonly string[];
  readonly dueAt: number;
}

export interface SettledRow {
  readonly endpointId: string;
  readonly id: string;
  readonly settled: Settled;
}

export function callbackPacksOf(db: D1Database, scope: TenantScope) {
  return {
    /** Takes the lease of those packs that are due and that nobody holds. */
    claim(ids: readonly string[], lease: string, now: number, until: number): D1PreparedStatement {
      return db
        .prepare(
          `UPDATE callback_packs SET lease = ?3, lease_until = ?4, claims = claims + 1
           WHERE tenant_id = ?1 AND id IN (SELECT value FROM json_each(?2)) AND due_at <= ?5
             AND (lease_until IS NULL OR lease_until <= ?5)`,
        )
        .bind(scope.tenantId, JSON.stringify(ids), lease, until, now);
    },
    /** What the lease holds. Stands in one batch behind `claim`. A pack whose callbacks are gone answers one empty row. */
    claimed(ids: readonly string[], lease: string): D1PreparedStatement {
      return db
        .prepare(
          `SELECT p.id AS pack, p.endpoint_id, c.id, c.project_id, c.type, c.message_id, c.url, c.event, c.state, c.tries, c.attempts,
             m.mode, m.channel, m.recipient, m.template, m.category, m.tags,
             m.deliveries -> ('$[' || COALESCE(c.event ->> 'delivery', 0) || ']') AS delivery,
             COALESCE(m.order_json, o.order_json) ->> 'request_id' AS request_id,
             COALESCE(m.order_json, o.order_json) -> 'metadata' AS metadata
           FROM json_each(?2) b
           CROSS JOIN callback_packs p ON p.tenant_id = ?1 AND p.id = b.value AND p.lease = ?3
           CROSS JOIN json_each(p.refs) r
           LEFT JOIN callbacks c ON c.tenant_id = ?1 AND c.endpoint_id = p.endpoint_id AND c.id = r.value
           LEFT JOIN messages m ON m.tenant_id = ?1 AND m.id = c.message_id
           LEFT JOIN orders o ON o.tenant_id = ?1 AND o.id = m.order_ref`,
        )
        .bind(scope.tenantId, JSON.stringify(ids), lease);
    },
    /** New packs for what is tried again, only while the lease still holds the pack that they come from. */
    insertAgain(packs: readonly CallbackPack[], from: string, lease: string): D1PreparedStatement {
      return db
        .prepare(
          `INSERT INTO callback_packs (tenant_id, id, endpoint_id, refs, due_at, rung_at)
           SELECT ?1, n.value ->> 0, n.value ->> 1, n.value -> 2, n.value ->> 3, n.value ->> 3
           FROM json_each(?2) n CROSS JOIN callback_packs p ON p.tenant_id = ?1 AND p.id = ?3 AND p.lease = ?4
           ON CONFLICT DO NOTHING`,
        )
        .bind(scope.tenantId, JSON.stringify(packs.map((p) => [p.id, p.endpointId, p.refs, p.dueAt])), from, lease);
    },
    /** What came of callbacks, only while the lease still holds their pack: whoever lost it overwrites nothing. */
    settle(rows: readonly SettledRow[], pack: string, lease: string, now: number): D1PreparedStatement {
      return db
        .prepare(
          `WITH j AS MATERIALIZED (
             SELECT ?1 AS tenant, value ->> 0 AS endpoint, value ->> 1 AS id, value ->> 2 AS state, value ->> 3 AS reason,
               value ->> 4 AS tries, value -> 5 AS attempts, value ->> 6 AS next_at
             FROM json_each(?2)
             WHERE EXISTS (SELECT 1 FROM callback_packs p WHERE p.tenant_id = ?1 AND p.id = ?3 AND p.lease = ?4))
           UPDATE callbacks SET state = j.state, reason = j.reason, tries = j.tries, attempts = j.attempts, next_at = j.next_at,
             updated_at = ?5
           FROM j
           WHERE callbacks.tenant_id = j.tenant AND callbacks.endpoint_id = j.endpoint AND callbacks.id = j.id`,
        )
        .bind(scope.tenantId, JSON.stringify(rows.map(cellsOf)), pack, lease, now);
    },
    /** Ends the pack if the lease still holds it. */
    finish(pack: string, lease: string): D1PreparedStatement {
      return db
        .prepare("DELETE FROM callback_packs WHERE tenant_id = ?1 AND id = ?2 AND lease = ?3")
        .bind(scope.tenantId, pack, lease);
    },
    /** Marks for ringing what is due, unheld, and was not answered for `againMs`, then for twice as long, up to 64 times as long. */
    ringLost(now: number, limit: number, againMs: number): D1PreparedStatement {
      return db
        .prepare(
          `UPDATE callback_packs SET rung_at = ?2, rings = rings + 1
           WHERE tenant_id = ?1 AND id IN (
             SELECT id FROM callback_packs
             WHERE tenant_id = ?1 AND due_at <= ?2 AND (lease_until IS NULL OR lease_until <= ?2)
               AND rung_at + (?4 << MIN(rings - 1, 6)) <= ?2
             LIMIT ?3)
           RETURNING id`,
        )
        .bind(scope.tenantId, now, limit, againMs);
    },
    countOpen(): D1PreparedStatement {
      return db.prepare("SELECT COUNT(*) AS open FROM callback_packs WHERE tenant_id = ?1").bind(scope.tenantId);
    },
  };
}

function cellsOf({ endpointId, id, settled }: SettledRow): readonly unknown[] {
  const { state, reason, tries, attempts, nextAt } = settled;
  return [endpointId, id, state, reason, tries, attempts, nextAt];
}

/** What `attempts` and `delivery` hold. */
export function attemptsOf(row: Pick<ClaimedCallback, "attempts">): CallbackAttempt[] {
  return JSON.parse(row.attempts) as CallbackAttempt[];
}

export function deliveryOf(row: Pick<ClaimedCallback, "delivery">): Delivery | null {
  return row.delivery === null ? null : (JSON.parse(row.delivery) as Delivery);
}
