/** Changes a connection; its credentials or settings whole, which is how they are rotated. */
import type { Channel } from "../core/channels.ts";
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type ConnectionRow, connectionsOf } from "../db/control/connections.ts";
import { announceConnections } from "./announce-connections.ts";
import { checkAccount, providerFor } from "./check-account.ts";
import type { NewConnection } from "./create-connection.ts";
import type { Actor, Deps } from "./deps.ts";
import { mendBreaker } from "./mend-breaker.ts";

type Change = {
  readonly [F in Exclude<keyof NewConnection, "channel" | "provider" | "verification">]?: NewConnection[F] | undefined;
} & { readonly verification?: NewConnection["verification"] | null };

/** A new account is not verified, whatever the one before it was. */
export async function updateConnection(
  deps: Pick<Deps, "control" | "sealer" | "webhookSealer" | "now" | "random" | "allowPrivateEndpoints" | "desk" | "log">,
  actor: Actor,
  id: string,
  change: Change,
): Promise<ConnectionRow> {
  const connections = connectionsOf(deps.control, actor);
  const row = await connections.get(id);
  if (!row) throw new Fault("not_found");
  const fields = (["name", "priority", "enabled", "credentials", "settings", "limits", "prices", "verification"] as const).filter(
    (f) => change[f] !== undefined,
  );
  if (fields.length === 0) return row;

  // The column holds what createConnection let in.
  const provider = providerFor(row.provider, row.channel as Channel);
  const account = await checkAccount(deps, provider, change);
  const isNewAccount = change.credentials !== undefined || change.settings !== undefined;
  const set: Partial<ConnectionRow> = {
    ...(change.name !== undefined && { name: change.name }),
    ...(change.priority !== undefined && { priority: change.priority }),
    ...(change.enabled !== undefined && { enabled: change.enabled }),
    ...(change.limits !== undefined && { limits: JSON.stringify(change.limits) }),
    ...(change.prices !== undefined && { prices: JSON.stringify(change.prices ?? {}) }),
    ...account,
    ...(isNewAccount && { verifiedAt: null }),
    // Moves in every change, also of two in one millisecond: whoever holds an opened account sees that it is old.
    updatedAt: Math.max(deps.now(), row.updatedAt + 1),
  };
  await commit(deps.control, [
    connections.update(id, set),
    auditRow(deps.control, actor, {
      id: newId("aud", deps.now(), deps.random),
      at: deps.now(),
      action: "connection.updated",
      target: id,
      details: {
        fields,
        ...(change.limits !== undefined && { limits: change.limits }),
        ...(change.prices !== undefined && { prices: change.prices }),
      },
    }),
  ]);
  await announceConnections(deps, actor);
  // All that its breaker knows is about the account before.
  if (isNewAccount) await mendBreaker(deps, row);
  return { ...row, ...set };
}
