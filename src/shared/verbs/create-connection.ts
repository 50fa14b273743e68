/** Connects a project to a provider. */
import type { Channel } from "../core/channels.ts";
import { newId } from "../core/ids.ts";
import type { OutboundLimits } from "../core/outbound.ts";
import type { PriceTable } from "../core/price.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type ConnectionRow, connectionsOf } from "../db/control/connections.ts";
import { announceConnections } from "./announce-connections.ts";
import { checkAccount, providerFor } from "./check-account.ts";
import type { Actor, Deps } from "./deps.ts";

export interface NewConnection {
  readonly channel: Channel;
  readonly provider: string;
  readonly name: string;
  readonly priority: number;
  readonly enabled: boolean;
  readonly credentials: Readonly<Record<string, unknown>>;
  readonly settings: Readonly<Record<string, unknown>>;
  /** What verifies callbacks; none unless given. */
  readonly verification?: Readonly<Record<string, unknown>> | undefined;
  readonly limits: OutboundLimits;
  /** Null for none of its own. */
  readonly prices: PriceTable | null;
}

export async function createConnection(
  deps: Pick<Deps, "control" | "sealer" | "webhookSealer" | "now" | "random" | "allowPrivateEndpoints" | "desk" | "log">,
  actor: Actor,
  input: NewConnection,
): Promise<ConnectionRow> {
  const { channel, name, priority, enabled } = input;
  const provider = providerFor(input.provider, channel);
  const account = await checkAccount(deps, provider, input);
  const now = deps.now();
  const row: ConnectionRow = {
    verification: null,
    verificationHints: "{}",
    ...account,
    tenantId: actor.tenantId,
    projectId: actor.projectId,
    id: newId("con", now, deps.random),
    channel,
    provider: provider.id,
    name,
    priority,
    enabled,
    limits: JSON.stringify(input.limits),
    prices: JSON.stringify(input.prices ?? {}),
    verifiedAt: null,
    unwellSince: null,
    createdAt: now,
    updatedAt: now,
  };
  await commit(deps.control, [
    connectionsOf(deps.control, actor).insert(row),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "connection.created",
      target: row.id,
      details: { channel, provider: provider.id, name, limits: input.limits, prices: input.prices },
    }),
  ]);
  await announceConnections(deps, actor);
  return row;
}
