/** Signals that come before their message is known here: kept aside, and taken up by the sweep. */
import type { Signal } from "../contract/jobs.ts";
import { commit } from "../db/commit.ts";
import { earlySignalsOf } from "../db/messages/early-signals.ts";
import type { Deps } from "./deps.ts";

/** `found`: rows with the ids of the messages that are there. A repeat is kept once. */
export async function keepEarly(
  deps: Pick<Deps, "now" | "log">,
  { tenantId, db }: { readonly tenantId: string; readonly db: D1Database },
  signals: readonly Signal[],
  found: D1Result | undefined,
): Promise<void> {
  const known = new Set(((found?.results ?? []) as { id: string }[]).map(({ id }) => id));
  const early = signals.filter(({ message_id }) => !known.has(message_id));
  if (early.length === 0) return;
  await commit(db, [earlySignalsOf(db, { tenantId }).keep(early, deps.now())]);
  deps.log({ level: "info", event: "signals_kept", tenant_id: tenantId, signals: early.length });
}

/** Tells the recorder of those whose message is there by now. Twice is once: the log knows their keys. */
export async function takeUpEarly(
  deps: Pick<Deps, "ringer">,
  { tenantId, shard, db }: { readonly tenantId: string; readonly shard: number; readonly db: D1Database },
  signals: readonly Signal[],
): Promise<void> {
  if (signals.length === 0) return;
  await deps.ringer.signal(tenantId, shard, signals);
  await commit(db, [earlySignalsOf(db, { tenantId }).forget(signals)]);
}
