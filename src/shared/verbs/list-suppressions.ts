/** A page of the list, found by a destination in whatever spelling it is asked for. */
import { normaliseDestination } from "../core/destination.ts";
import { type Suppression, type SuppressionPlace, suppressionKey } from "../core/suppression.ts";
import { type SuppressionFilter, suppressionsOf } from "../db/control/suppressions.ts";
import type { TenantScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";

export async function listSuppressions(
  deps: Pick<Deps, "control">,
  scope: TenantScope,
  filter: SuppressionFilter,
  after: SuppressionPlace | null,
  limit: number,
): Promise<Suppression[]> {
  const { destination, ...rest } = filter;
  const key = destination === undefined ? undefined : spelled(filter.channel, destination);
  return suppressionsOf(deps.control, scope).list({ ...rest, destination: key }, after, limit);
}

/** Without a channel, what has an @ is taken for a mailbox, and all else as it is. */
function spelled(given: SuppressionFilter["channel"], destination: string): string {
  const channel = given ?? (destination.includes("@") ? "email" : undefined);
  if (channel === undefined) return destination.trim();
  const normalised = normaliseDestination(channel, destination);
  return suppressionKey(channel, normalised.ok ? normalised.destination : destination);
}

/** Rows read at once. */
const PAGE_ROWS = 1000;

/** All of them, in pages: a list of any length takes no more memory. */
export async function* allSuppressions(deps: Pick<Deps, "control">, scope: TenantScope): AsyncGenerator<readonly Suppression[]> {
  const list = suppressionsOf(deps.control, scope);
  for (let after: SuppressionPlace | null = null; ; ) {
    const rows: Suppression[] = await list.list({}, after, PAGE_ROWS);
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE_ROWS) return;
    after = rows.at(-1) ?? null;
  }
}
