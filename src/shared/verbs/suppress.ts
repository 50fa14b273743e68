/** Puts destinations on a tenant's list of whom not to write to: what providers say, without an audit row each. */
import type { Channel } from "../core/channels.ts";
import { type Suppression, type SuppressionReason, suppressionKey } from "../core/suppression.ts";
import { commit } from "../db/commit.ts";
import { suppressionsOf } from "../db/control/suppressions.ts";
import type { Deps } from "./deps.ts";

export interface Suppressing {
  readonly channel: Channel;
  /** As in a message's delivery. */
  readonly destination: string;
  readonly reason: SuppressionReason;
  /** `provider:ses`, … */
  readonly source: string;
  readonly projectId: string | null;
  readonly messageId: string | null;
}

/** Idempotent. Of several about one destination, the one that ranks higher stands. */
export async function suppress(
  deps: Pick<Deps, "control" | "now" | "log">,
  tenantId: string,
  all: readonly Suppressing[],
): Promise<void> {
  if (all.length === 0) return;
  const now = deps.now();
  const rows = all.map((one): Suppression => {
    return { ...one, destination: suppressionKey(one.channel, one.destination), createdAt: now, expiresAt: null };
  });
  await commit(deps.control, [suppressionsOf(deps.control, { tenantId }).add(rows, now)]);
  for (const { channel, reason, source, messageId } of rows) {
    deps.log({ level: "info", event: "suppressed", tenant_id: tenantId, channel, reason, source, message_id: messageId });
  }
}
