/** Orders that several messages share, kept once a request. */
import type { Order } from "../core/message.ts";
import { commit } from "../db/commit.ts";
import { type ClaimedRow, packsOf } from "../db/messages/packs.ts";
import type { TenantScope } from "../db/scope.ts";

/** Orders never change, and the packs of one request come close together. */
const cache = new Map<string, Order>();
const CACHE_LIMIT = 50;

/** The order of each row that keeps it elsewhere, by its reference. One query, and none when all are known. */
export async function loadOrders(
  db: D1Database,
  scope: TenantScope,
  rows: readonly ClaimedRow[],
): Promise<ReadonlyMap<string, Order>> {
  const refs = [...new Set(rows.map((row) => row.order_ref).filter((ref): ref is string => ref !== null))];
  const found = new Map<string, Order>();
  const missing: string[] = [];
  for (const ref of refs) {
    const known = cache.get(`${scope.tenantId}/${ref}`);
    if (known) found.set(ref, known);
    else missing.push(ref);
  }
  if (missing.length === 0) return found;
  const [result] = await commit(db, [packsOf(db, scope).orders(missing)]);
  for (const row of (result?.results ?? []) as { id: string; order_json: string }[]) {
    const order = JSON.parse(row.order_json) as Order;
    found.set(row.id, order);
    if (cache.size >= CACHE_LIMIT) cache.clear();
    cache.set(`${scope.tenantId}/${row.id}`, order);
  }
  return found;
}
