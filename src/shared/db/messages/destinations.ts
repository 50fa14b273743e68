/** Where deliveries of a message go. */
import type { Channel } from "../../core/channels.ts";
import type { Address, Delivery } from "../../core/message.ts";
import type { TenantScope } from "../scope.ts";

/** The addresses of a message's deliveries, by their number; none where it has no row. */
export async function addressesOf(db: D1Database, { tenantId }: TenantScope, messageId: string): Promise<Address[]> {
  const row = await db
    .prepare("SELECT deliveries FROM messages WHERE tenant_id = ?1 AND id = ?2")
    .bind(tenantId, messageId)
    .first<{ deliveries: string }>();
  // The planner and the dispatcher write the column, as an array of Delivery.
  const deliveries = row === null ? [] : (JSON.parse(row.deliveries) as Delivery[]);
  return deliveries.map(({ channel, destination }) => ({ channel: channel satisfies Channel, destination }));
}
