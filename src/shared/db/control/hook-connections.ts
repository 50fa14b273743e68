/** A connection by its id alone: a callback's URL names no tenant. Nothing of it is shown to whoever calls. */
import type { Channel } from "../../core/channels.ts";

export interface HookConnectionRow {
  readonly tenantId: string;
  readonly projectId: string;
  readonly id: string;
  readonly name: string;
  readonly channel: Channel;
  readonly provider: string;
  /** Compact JWE, sealed to the webhooks Worker; null where it has none. */
  readonly verification: string | null;
}

export async function hookConnection(db: D1Database, id: string): Promise<HookConnectionRow | null> {
  return db
    .prepare(
      `SELECT tenant_id AS tenantId, project_id AS projectId, id, name, channel, provider, verification
       FROM connections WHERE id = ?1`,
    )
    .bind(id)
    .first<HookConnectionRow>();
}
