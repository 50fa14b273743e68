/** What is known of messages that came back, and of what else went to the same address. */
import type { Delivery, MessageEvent, Mode } from "../../core/message.ts";
import type { TenantScope } from "../scope.ts";

export interface Bounce {
  readonly messageId: string;
  readonly key: string;
  readonly delivery: number;
}

/** A bounce that the log does not have yet. */
export interface FreshBounce {
  readonly messageId: string;
  readonly projectId: string;
  readonly mode: Mode;
  /** Of the API key that asked for it; null where that is not known. */
  readonly keyId: string | null;
  /** Null for a delivery that there is not. */
  readonly delivery: Pick<Delivery, "channel" | "destination"> | null;
}

interface FreshRow extends Omit<FreshBounce, "delivery"> {
  readonly delivery: string | null;
}

export function bouncesOf(db: D1Database, { tenantId }: TenantScope) {
  return {
    async fresh(bounces: readonly Bounce[]): Promise<FreshBounce[]> {
      const { results } = await db
        .prepare(
          `SELECT m.id AS messageId, m.project_id AS projectId, m.mode AS mode, m.deliveries -> ('$[' || (j.value ->> 2) || ']') AS delivery,
             coalesce(m.order_json, (SELECT o.order_json FROM orders o WHERE o.tenant_id = ?1 AND o.id = m.order_ref)) ->> 'key_id' AS keyId
           FROM json_each(?2) j
           CROSS JOIN messages m ON m.tenant_id = ?1 AND m.id = j.value ->> 0
           WHERE NOT EXISTS (SELECT 1 FROM json_each(m.log) l WHERE l.value ->> 'key' = j.value ->> 1)`,
        )
        .bind(tenantId, JSON.stringify(bounces.map((b) => [b.messageId, b.key, b.delivery])))
        .all<FreshRow>();
      return results.map((row) => ({ ...row, delivery: row.delivery === null ? null : (JSON.parse(row.delivery) as Delivery) }));
    },
    /** The newest messages to a recipient with an id above `since`, and what was said of them. */
    async latest(recipient: string, since: string, limit: number): Promise<{ id: string; log: MessageEvent[] }[]> {
      const { results } = await db
        .prepare(
          `SELECT id, log FROM messages INDEXED BY messages_recipient
           WHERE tenant_id = ?1 AND recipient = ?2 AND id > ?3 ORDER BY id DESC LIMIT ?4`,
        )
        .bind(tenantId, recipient, since, limit)
        .all<{ id: string; log: string }>();
      return results.map(({ id, log }) => ({ id, log: JSON.parse(log) as MessageEvent[] }));
    },
  };
}
