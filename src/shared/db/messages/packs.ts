/** Packs: claimed with a lease, settled, and swept where a bell was lost. */
import type { Channel, Lane, Priority } from "../../core/channels.ts";
import { NEWEST_PACKS, type Pressure } from "../../core/flow.ts";
import type { TenantScope } from "../scope.ts";

export interface RungPack {
  readonly id: string;
  readonly channel: Channel;
  readonly lane: Lane;
}

/** A delivery that a claim took, with the columns of its message that sending needs. */
export interface ClaimedRow {
  readonly pack: string;
  readonly channel: Channel;
  readonly lane: Lane;
  /** How often the pack was claimed, this time included. */
  readonly claims: number;
  readonly delivery: number;
  /** Null where the message's row is gone (erased). */
  readonly id: string | null;
  readonly project_id: string;
  readonly mode: string;
  readonly status: string;
  readonly template: string | null;
  readonly priority: Priority;
  readonly category: string | null;
  readonly tags: string | null;
  readonly order_json: string | null;
  readonly order_ref: string | null;
  readonly variables: string | null;
  readonly deliveries: string;
  /** The message's events, only where it has several deliveries. */
  readonly log: string | null;
  readonly due_at: number;
  readonly expires_at: number | null;
  readonly callback_url: string | null;
}

/** CROSS JOIN in SQLite means "in this order": from the few ids that are asked for to the rows by primary key. */
export function packsOf(db: D1Database, scope: TenantScope) {
  return {
    /** Takes the lease of those packs that are due and that nobody holds. */
    claim(ids: readonly string[], lease: string, now: number, until: number): D1PreparedStatement {
      return db
        .prepare(
          `UPDATE packs SET lease = ?3, lease_until = ?4, claims = claims + 1
           WHERE tenant_id = ?1 AND id IN (SELECT value FROM json_each(?2)) AND due_at <= ?5
             AND (lease_until IS NULL OR lease_until <= ?5)`,
        )
        .bind(scope.tenantId, JSON.stringify(ids), lease, until, now);
    },
    /** As `claim`, of those only that so many holders have died of, or just failed with. */
    claimPoison(ids: readonly string[], lease: string, now: number, until: number, claims: number): D1PreparedStatement {
      return db
        .prepare(
          `UPDATE packs SET lease = ?3, lease_until = ?4
           WHERE tenant_id = ?1 AND id IN (SELECT value FROM json_each(?2)) AND due_at <= ?5 AND claims >= ?6
             AND (lease_until IS NULL OR lease_until <= ?5)`,
        )
        .bind(scope.tenantId, JSON.stringify(ids), lease, until, now, claims);
    },
    /** What the lease holds, in the order of the packs. Stands in one batch behind `claim`. */
    claimed(ids: readonly string[], lease: string): D1PreparedStatement {
      return db
        .prepare(
          `SELECT p.id AS pack, p.channel, p.lane, p.claims, r.value ->> 1 AS delivery, m.id, m.project_id, m.mode, m.status,
             m.template, m.priority, m.category, m.tags, m.order_json, m.order_ref, m.variables, m.deliveries, m.due_at, m.expires_at,
             m.callback_url,
             CASE WHEN json_array_length(m.deliveries) > 1 THEN m.log END AS log
           FROM json_each(?2) b
           CROSS JOIN packs p ON p.tenant_id = ?1 AND p.id = b.value AND p.lease = ?3
           CROSS JOIN json_each(p.refs) r
           LEFT JOIN messages m ON m.tenant_id = ?1 AND m.id = r.value ->> 0`,
        )
        .bind(scope.tenantId, JSON.stringify(ids), lease);
    },
    orders(ids: readonly string[]): D1PreparedStatement {
      return db
        .prepare("SELECT id, order_json FROM orders WHERE tenant_id = ?1 AND id IN (SELECT value FROM json_each(?2))")
        .bind(scope.tenantId, JSON.stringify(ids));
    },
    /**
     * New packs for what is tried again, only while the lease that speaks for them is still held, and the pack that it
     * comes from still holds it: a batch that runs twice makes them once.
     */
    insertAgain(
      packs: readonly (RungPack & {
        dueAt: number;
        claims: number;
        refs: readonly (readonly [string, number])[];
        from: string;
      })[],
      lease: string,
    ): D1PreparedStatement {
      return db
        .prepare(
          `INSERT INTO packs (tenant_id, id, channel, lane, refs, due_at, rung_at, claims)
           SELECT ?1, n.value ->> 0, n.value ->> 1, n.value ->> 2, n.value -> 3, n.value ->> 4, n.value ->> 4, n.value ->> 6
           FROM json_each(?2) n
           CROSS JOIN packs p ON p.tenant_id = ?1 AND p.id = n.value ->> 5 AND p.lease = ?3
           WHERE EXISTS (SELECT 1 FROM json_each(p.refs) r WHERE r.value ->> 0 = n.value ->> '$[3][0][0]')`,
        )
        .bind(
          scope.tenantId,
          JSON.stringify(packs.map((p) => [p.id, p.channel, p.lane, p.refs, p.dueAt, p.from, p.claims])),
          lease,
        );
    },
    /** Leaves just these deliveries in packs that the lease still holds: the others of them are settled. */
    narrow(refs: ReadonlyMap<string, readonly (readonly [string, number])[]>, lease: string): D1PreparedStatement {
      return db
        .prepare(
          `WITH j AS MATERIALIZED (SELECT ?1 AS tenant, value ->> 0 AS id, value -> 1 AS refs FROM json_each(?2))
           UPDATE packs SET refs = j.refs FROM j
           WHERE packs.tenant_id = j.tenant AND packs.id = j.id AND packs.lease = ?3`,
        )
        .bind(scope.tenantId, JSON.stringify([...refs]), lease);
    },
    /** Ends the packs that the lease still holds. */
    finish(ids: readonly string[], lease: string): D1PreparedStatement {
      return db
        .prepare("DELETE FROM packs WHERE tenant_id = ?1 AND id IN (SELECT value FROM json_each(?2)) AND lease = ?3")
        .bind(scope.tenantId, JSON.stringify(ids), lease);
    },
    /** Marks for ringing what is due, unheld, and was not answered for `againMs`, then for twice as long, up to 64 times as long. */
    ringLost(now: number, limit: number, againMs: number): D1PreparedStatement {
      return db
        .prepare(
          `UPDATE packs SET rung_at = ?2, rings = rings + 1
           WHERE tenant_id = ?1 AND id IN (
             SELECT id FROM packs
             WHERE tenant_id = ?1 AND due_at <= ?2 AND (lease_until IS NULL OR lease_until <= ?2)
               AND rung_at + (?4 << MIN(rings - 1, 6)) <= ?2
             LIMIT ?3)
           RETURNING id, channel, lane`,
        )
        .bind(scope.tenantId, now, limit, againMs);
    },
    /**
     * What is due and was never claimed, by lane: it waits for its bell to be heard. Looks at the newest packs only, so
     * that it reads no more rows than that however many the tenant has. Read the answer with `pressureOf`.
     */
    pressure(now: number): D1PreparedStatement {
      return db
        .prepare(
          `SELECT lane, COUNT(*) AS waiting, MIN(due_at) AS oldest FROM (
             SELECT lane, due_at, claims FROM packs WHERE tenant_id = ?1 ORDER BY id DESC LIMIT ${NEWEST_PACKS})
           WHERE claims = 0 AND due_at <= ?2 GROUP BY lane`,
        )
        .bind(scope.tenantId, now);
    },
    countOpen(): D1PreparedStatement {
      return db.prepare("SELECT COUNT(*) AS open FROM packs WHERE tenant_id = ?1").bind(scope.tenantId);
    },
  };
}

/** The answer of `pressure`, asked at `now` of the message database `dbShard`. */
export function pressureOf(result: D1Result | undefined, dbShard: number, now: number): Pressure[] {
  const rows = (result?.results ?? []) as { lane: Lane; waiting: number; oldest: number }[];
  return rows.map(({ lane, waiting, oldest }) => ({ dbShard, lane, waiting, oldestMs: now - oldest }));
}
