/** Callbacks that proved nothing: each one logged, and a notice of them to the tenant once an hour at most. */
import { Lru } from "../core/lru.ts";
import { commit } from "../db/commit.ts";
import { insertNotice, notToldSince, pruneNotices } from "../db/control/notices.ts";
import type { Deps } from "./deps.ts";
import type { HookAccount } from "./hook-accounts.ts";

const HOUR_MS = 3_600_000;
/** So often an isolate tries to say it, however many come in. */
const TRY_MS = 60_000;

interface Tally {
  readonly count: number;
  readonly since: number;
  readonly triedAt: number;
}

const tallies = new Lru<Tally>({ maxEntries: 10_000 });

/** Never throws: whoever forged it is answered in any case. */
export async function noteForged(
  deps: Pick<Deps, "control" | "now" | "random" | "log">,
  account: HookAccount,
  reason: string,
): Promise<void> {
  const { tenantId, projectId, id, name, channel, provider } = account;
  const now = deps.now();
  deps.log({ level: "warn", event: "callback_forged", tenant_id: tenantId, connection_id: id, provider, reason });
  const known = tallies.get(id);
  const tally = { count: (known?.count ?? 0) + 1, since: known?.since ?? now, triedAt: known?.triedAt ?? 0 };
  tallies.set(id, tally);
  if (now - tally.triedAt < TRY_MS) return;
  tallies.set(id, { ...tally, triedAt: now });
  try {
    const details = { name, channel, provider, reason, forged: tally.count, since: new Date(tally.since).toISOString() };
    const notice = { tenantId, projectId, type: "callbacks.forged", subject: id, details, at: now } as const;
    const [written] = await commit(deps.control, [
      insertNotice(deps.control, notice, deps.random, notToldSince(notice, now - HOUR_MS)),
      pruneNotices(deps.control, tenantId, now),
    ]);
    if ((written?.meta.changes ?? 0) > 0) tallies.set(id, { count: 0, since: now, triedAt: now });
  } catch (error) {
    deps.log({ level: "warn", event: "notice_not_written", tenant_id: tenantId, error: String(error) });
  }
}
