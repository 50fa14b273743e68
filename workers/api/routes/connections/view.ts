import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { connectionShape, savedConnectionShape, verificationShape } from "../../../../src/shared/contract/connections.ts";
import type { Channel } from "../../../../src/shared/core/channels.ts";
import type { ConnectionHealth } from "../../../../src/shared/core/connection-health.ts";
import { LIST_PRICES_AS_OF, listPriceOf } from "../../../../src/shared/core/default-prices.ts";
import type { OutboundLimits } from "../../../../src/shared/core/outbound.ts";
import { hookPath } from "../../../../src/shared/core/placement.ts";
import { parsePrices } from "../../../../src/shared/core/price.ts";
import type { ConnectionRow } from "../../../../src/shared/db/control/connections.ts";
import type { ProjectScope } from "../../../../src/shared/db/scope.ts";
import type { Verification } from "../../../../src/shared/ports/desk.ts";
import { providerOf } from "../../../../src/shared/providers/registry.ts";
import { askVerification } from "../../../../src/shared/verbs/ask-verification.ts";
import type { Deps } from "../../../../src/shared/verbs/deps.ts";
import { lookAtConnections } from "../../../../src/shared/verbs/look-at-connections.ts";
import { healthView } from "./health-view.ts";

/** The JSON columns were written by createConnection and updateConnection, in these shapes. */
export function connectionView(
  { publicUrl }: Pick<Deps, "publicUrl">,
  row: ConnectionRow,
  health: ConnectionHealth | null,
): z.output<typeof connectionShape> {
  const path = hasCallbacks(row) ? hookPath(row.channel, row.provider, row.id) : null;
  const listPrice = listPriceOf(row.provider, row.channel as Channel);
  return {
    id: row.id,
    project_id: row.projectId,
    channel: row.channel as Channel,
    provider: row.provider,
    name: row.name,
    priority: row.priority,
    enabled: row.enabled,
    credential_hints: JSON.parse(row.credentialHints) as Record<string, string>,
    settings: JSON.parse(row.settings) as Record<string, unknown>,
    callback_url: path === null || publicUrl === "" ? null : `${publicUrl}${path}`,
    callback_verification_hints: JSON.parse(row.verificationHints) as Record<string, string>,
    limits: JSON.parse(row.limits) as OutboundLimits,
    prices: parsePrices(row.prices),
    list_price: listPrice === null ? null : { ...listPrice, as_of: LIST_PRICES_AS_OF },
    health: healthView(health),
    verified_at: iso(row.verifiedAt),
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
  };
}

function hasCallbacks({ provider: id }: ConnectionRow): boolean {
  const provider = providerOf(id);
  return provider?.kind === "http" && provider.callbacks !== undefined;
}

export function verificationView(v: Verification): z.output<typeof verificationShape> {
  const { ok, detail } = v;
  return {
    ok,
    code: v.ok ? null : v.code,
    detail,
    ...(v.ok && v.suggestedLimits !== undefined && { suggested_limits: v.suggestedLimits }),
  };
}

/** A connection that was just saved, with what the provider says about it where the caller asked. */
export async function savedView(
  deps: Deps,
  scope: ProjectScope,
  row: ConnectionRow,
  verify: boolean,
): Promise<z.output<typeof savedConnectionShape>> {
  const [health = null] = await lookAtConnections(deps, [row]);
  if (!verify) return connectionView(deps, row, health);
  const verification = await askVerification(deps, scope, row.id);
  const verifiedAt = verification.ok ? deps.now() : row.verifiedAt;
  return { ...connectionView(deps, { ...row, verifiedAt }, health), verification: verificationView(verification) };
}
