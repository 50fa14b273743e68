/** Who of a tenant hears of its events. */
import { KEPT_MS } from "../core/callback.ts";
import { typesOf } from "../core/customer-event.ts";
import { Lru } from "../core/lru.ts";
import { tenantWebhooks } from "../db/control/webhooks.ts";
import type { ListenerCells } from "../db/messages/callbacks.ts";
import type { TenantScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";

export interface Listener extends ListenerCells {
  readonly createdAt: number;
}

const CACHE_MS = 10_000;
const CACHE_LIMIT = 2000;

/** Resolved values only: a promise of one invocation must not be awaited by another (workerd forbids it). */
const cache = new Lru<{ readonly listeners: readonly Listener[]; readonly until: number }>({ maxEntries: CACHE_LIMIT });

/**
 * Sees to it that `listenersOf` has something to fall back on: for whoever must write down later what it is told, whether or
 * not the control database can be asked by then. One query where nothing was ever read, else none.
 */
export async function knowListeners(deps: Pick<Deps, "control" | "now" | "log">, scope: TenantScope): Promise<void> {
  if (cache.get(scope.tenantId) === undefined) await listenersOf(deps, scope);
}

/**
 * At most 10 s old; costs no query in between, also where there are none. What was read before stands while the control
 * database cannot be asked. Throws where nothing was read before.
 */
export async function listenersOf(
  deps: Pick<Deps, "control" | "now" | "log">,
  { tenantId }: TenantScope,
): Promise<readonly Listener[]> {
  const now = deps.now();
  const known = cache.get(tenantId);
  if (known && known.until > now) return known.listeners;
  try {
    const listeners = await read(deps, tenantId, now);
    cache.set(tenantId, { listeners, until: now + CACHE_MS });
    return listeners;
  } catch (error) {
    if (!known) throw error;
    deps.log({ level: "warn", event: "listeners_not_read", tenant_id: tenantId, error: String(error) });
    return known.listeners;
  }
}

async function read(deps: Pick<Deps, "control">, tenantId: string, now: number): Promise<Listener[]> {
  const rows = await tenantWebhooks(deps.control, { tenantId }).listeners(now - KEPT_MS);
  return rows.map(
    (row): Listener => ({
      endpointId: row.id,
      projectId: row.projectId,
      types: typesOf(JSON.parse(row.events) as string[]),
      state: row.enabled === 1 ? "pending" : "failed",
      createdAt: row.createdAt,
    }),
  );
}

/** The next `listenersOf` of this tenant reads again. */
export function forgetListeners({ tenantId }: TenantScope): void {
  cache.delete(tenantId);
}
