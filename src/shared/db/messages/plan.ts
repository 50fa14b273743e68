/** Writes of the planner: rows of new messages, and packs of those that are to be delivered. */
import type { Message, Order } from "../../core/message.ts";
import type { TenantScope } from "../scope.ts";

export interface NewPack {
  readonly id: string;
  readonly channel: string;
  readonly lane: string;
  readonly messageIds: readonly string[];
  readonly dueAt: number;
}

export function planOf(db: D1Database, scope: TenantScope) {
  return {
    /**
     * Packs of those messages that have no row yet; answers the ids of the packs it made. Must stand before
     * `insertMessages` in the batch: that order makes a repeated plan make nothing.
     */
    insertPacks(packs: readonly NewPack[]): D1PreparedStatement {
      return db
        .prepare(
          `INSERT INTO packs (tenant_id, id, channel, lane, refs, due_at, rung_at)
           SELECT ?1, id, channel, lane, refs, due_at, due_at FROM (
             SELECT p.value ->> 0 AS id, p.value ->> 1 AS channel, p.value ->> 2 AS lane, p.value ->> 3 AS due_at,
               (SELECT json_group_array(json_array(m.value, 0)) FROM json_each(p.value, '$[4]') m
                WHERE NOT EXISTS (SELECT 1 FROM messages x WHERE x.tenant_id = ?1 AND x.id = m.value)) AS refs
             FROM json_each(?2) p)
           WHERE refs <> '[]'
           RETURNING id`,
        )
        .bind(scope.tenantId, JSON.stringify(packs.map((p) => [p.id, p.channel, p.lane, p.dueAt, p.messageIds])));
    },
    /** A row a message; one that exists stays as it is. `urls`: message or run → `callback_url`. */
    insertMessages(messages: readonly Message[], urls: ReadonlyMap<string, string> = new Map()): D1PreparedStatement {
      return db
        .prepare(
          `INSERT INTO messages (tenant_id, id, project_id, mode, status, channel, recipient, template, priority, category,
             tags, order_json, order_ref, variables, deliveries, log, created_at, due_at, expires_at, updated_at, callback_url)
           SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
             value ->> 8, value -> 9, CASE WHEN value ->> 10 IS NULL THEN NULL ELSE value -> 10 END, value ->> 11,
             CASE WHEN value ->> 12 IS NULL THEN NULL ELSE value -> 12 END, value -> 13, value -> 14,
             value ->> 15, value ->> 16, value ->> 17, value ->> 18, value ->> 19
           FROM json_each(?2) WHERE true
           ON CONFLICT DO NOTHING`,
        )
        .bind(scope.tenantId, `[${messages.map((m) => messageJson(m, urls.get(m.orderRef ?? m.id) ?? null)).join(",")}]`);
    },
    insertOrders(
      orders: readonly { readonly id: string; readonly order: Order; readonly createdAt: number }[],
    ): D1PreparedStatement {
      return db
        .prepare(
          `INSERT INTO orders (tenant_id, id, order_json, created_at)
           SELECT ?1, value ->> 0, value -> 1, value ->> 2 FROM json_each(?2) WHERE true
           ON CONFLICT DO NOTHING`,
        )
        .bind(scope.tenantId, JSON.stringify(orders.map((o) => [o.id, o.order, o.createdAt])));
    },
  };
}

function messageJson(m: Message, callbackUrl: string | null): string {
  return JSON.stringify([
    m.id,
    m.projectId,
    m.mode,
    m.status,
    m.channel,
    m.recipient,
    m.template,
    m.priority,
    m.category,
    m.tags,
    m.order,
    m.orderRef,
    m.variables,
    m.deliveries,
    m.log,
    m.createdAt,
    m.dueAt,
    m.expiresAt,
    m.updatedAt,
    callbackUrl,
  ]);
}
