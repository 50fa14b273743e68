/** What was posted to an endpoint, and setting it on its way again. */
import { type CallbackState, KEPT_MS, lowestCallbackId } from "../core/callback.ts";
import { Fault } from "../core/faults.ts";
import { newId, parseMessageId } from "../core/ids.ts";
import type { Caller } from "../core/tenant.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { webhooksOf } from "../db/control/webhooks.ts";
import { type Callback, callbackLogOf, RECOVERED_AT_ONCE, type RestartPick } from "../db/messages/callback-log.ts";
import { mergePages, type Page } from "../db/messages/pages.ts";
import { keepWatch, ringing } from "./call-back.ts";
import type { Actor, Deps } from "./deps.ts";

type Reader = Pick<Caller, "tenantId" | "projectId" | "dbShards">;
type RestartDeps = Pick<Deps, "control" | "shards" | "now" | "random" | "log" | "callbackBells" | "gate">;

/** An endpoint of the caller's project, or that project's id: what was posted to its messages' `callback_url`. */
async function mustBeOwn(deps: Pick<Deps, "control">, caller: Reader, id: string): Promise<{ readonly isEnabled: boolean }> {
  if (id === caller.projectId) return { isEnabled: true };
  const row = await webhooksOf(deps.control, caller).get(id);
  if (!row) throw new Fault("not_found");
  return { isEnabled: row.enabled };
}

export async function listCallbacks(
  deps: Pick<Deps, "control" | "shards">,
  caller: Reader,
  endpointId: string,
  query: { readonly state: CallbackState | null; readonly before: string | null; readonly limit: number },
): Promise<Page<Callback>> {
  await mustBeOwn(deps, caller, endpointId);
  const pages = await Promise.all(
    caller.dbShards.flatMap((shard) => {
      const db = deps.shards[shard];
      return db ? [callbackLogOf(db, caller, endpointId).list(query.state, query.before, query.limit + 1)] : [];
    }),
  );
  return mergePages(pages, query.limit);
}

/** Posts one callback anew, with all of its tries before it. */
export async function redeliver(
  deps: RestartDeps,
  actor: Actor,
  caller: Reader,
  endpointId: string,
  callbackId: string,
): Promise<Callback> {
  await mustBeEnabled(deps, caller, endpointId);
  const shard = shardOfCallback(callbackId);
  const db = shard === null ? undefined : deps.shards[shard];
  if (shard === null || !db) throw noDelivery();
  const log = callbackLogOf(db, caller, endpointId);
  const callback = await log.get(callbackId);
  if (!callback) throw noDelivery();
  if (callback.state === "pending") throw new Fault("conflict", { detail: "It is on its way already." });
  await restart(deps, caller, shard, endpointId, { kind: "one", id: callbackId });
  await audited(deps, actor, "webhook.redelivered", endpointId, { delivery_id: callbackId });
  return (await log.get(callbackId)) ?? callback;
}

function noDelivery(): Fault {
  const message = "There is no such delivery to this webhook.";
  return new Fault("validation_failed", { errors: [{ path: "delivery_id", message }] });
}

/** Posts anew what was given up, of events from `since` to before `until` (milliseconds since 1970). */
export async function recoverCallbacks(
  deps: RestartDeps,
  actor: Actor,
  caller: Reader,
  endpointId: string,
  { since, until }: { readonly since: number; readonly until: number },
): Promise<{ readonly recovered: number; readonly complete: boolean }> {
  await mustBeEnabled(deps, caller, endpointId);
  if (since < deps.now() - KEPT_MS) {
    const message = "Callbacks are kept for thirty days.";
    throw new Fault("validation_failed", { errors: [{ path: "since", message }] });
  }
  const pick: RestartPick = { kind: "failed", from: lowestCallbackId(since), to: lowestCallbackId(until) };
  const counts = await Promise.all(caller.dbShards.map((shard) => restart(deps, caller, shard, endpointId, pick)));
  const recovered = counts.reduce((sum, n) => sum + n, 0);
  await audited(deps, actor, "webhook.recovered", endpointId, { since: new Date(since).toISOString(), recovered });
  return { recovered, complete: counts.every((n) => n < RECOVERED_AT_ONCE) };
}

async function mustBeEnabled(deps: Pick<Deps, "control">, caller: Reader, endpointId: string): Promise<void> {
  const { isEnabled } = await mustBeOwn(deps, caller, endpointId);
  if (!isEnabled) throw new Fault("conflict", { detail: "The webhook is disabled: enable it first." });
}

/** How many callbacks are on their way again. */
async function restart(deps: RestartDeps, caller: Reader, shard: number, endpointId: string, pick: RestartPick): Promise<number> {
  const db = deps.shards[shard];
  if (!db) return 0;
  const now = deps.now();
  const batch = newId("cpk", now, deps.random);
  const writes = callbackLogOf(db, caller, endpointId).restart(pick, batch, now);
  const callbacks = ringing(deps, { tenantId: caller.tenantId, shard }, writes);
  const results = await commit(db, writes);
  if (await callbacks.ring(results)) await keepWatch(deps, caller.tenantId);
  return results[1]?.meta.changes ?? 0;
}

async function audited(
  deps: Pick<Deps, "control" | "now" | "random">,
  actor: Actor,
  action: string,
  target: string,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  const now = deps.now();
  await commit(deps.control, [
    auditRow(deps.control, actor, { id: newId("aud", now, deps.random), at: now, action, target, details }),
  ]);
}

/** Index of the message database that holds a callback; null for what is no id of one. */
function shardOfCallback(id: string): number | null {
  if (!/^evt_[0-9A-Z]{26}$/.test(id)) return null;
  return parseMessageId(`msg_${id.slice(4, 14)}000${id.slice(14, 16)}00${"0".repeat(9)}`)?.dbShard ?? null;
}
