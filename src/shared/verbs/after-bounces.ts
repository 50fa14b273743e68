/**
 * What follows from mails that came back: the key that sent them is watched (core/abuse.ts), and an address from which
 * one mail after the other comes back is not written to again, though each came back for now only.
 */
import type { Signal } from "../contract/jobs.ts";
import { encode32 } from "../core/ids.ts";
import type { MessageEvent } from "../core/message.ts";
import { tenantShards } from "../db/control/tenants.ts";
import { bouncesOf, type FreshBounce } from "../db/messages/bounces.ts";
import type { TenantScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";
import { noteFailures } from "./note-failures.ts";
import { suppress } from "./suppress.ts";

type BounceDeps = Pick<Deps, "now" | "log" | "control" | "shards" | "gate">;

const DAY_MS = 86_400_000;
/** Bounces in these days, with no delivery after the first of them, that are enough. */
const SOFT_BOUNCES = 5;
const SOFT_DAYS = 30;
/** Messages looked at, the newest first. */
const MOST_LOOKED_AT = 20;

/** Those that are news, before they are recorded; no question where nothing came back. */
export async function freshBounces(db: D1Database, scope: TenantScope, signals: readonly Signal[]): Promise<FreshBounce[]> {
  const bounces = signals.flatMap(({ type, provider, message_id: messageId, key, delivery = 0 }) =>
    type === "bounced" && provider !== undefined && provider !== "sandbox" ? [{ messageId, key, delivery }] : [],
  );
  return bounces.length === 0 ? [] : bouncesOf(db, scope).fresh(bounces);
}

/** Once they are recorded. Never throws: it would be told again, and then be no news. */
export async function afterBounces(deps: BounceDeps, tenantId: string, fresh: readonly FreshBounce[]): Promise<void> {
  const live = fresh.filter(({ mode }) => mode === "live");
  if (live.length === 0) return;
  try {
    await noteFailures(deps, tenantId, live);
    await suppressUnreachable(deps, tenantId, live);
  } catch (error) {
    deps.log({ level: "warn", event: "bounces_not_weighed", tenant_id: tenantId, bounces: live.length, error: String(error) });
  }
}

async function suppressUnreachable(deps: BounceDeps, tenantId: string, fresh: readonly FreshBounce[]): Promise<void> {
  const mails = new Map(
    fresh.flatMap((one) => (one.delivery?.channel === "email" ? [[one.delivery.destination, one] as const] : [])),
  );
  if (mails.size === 0) return;
  const since = `msg_${encode32(Math.max(0, deps.now() - SOFT_DAYS * DAY_MS), 10)}`;
  const shards = await tenantShards(deps.control, { tenantId });
  const unreachable = await Promise.all(
    [...mails].map(async ([destination, { projectId, messageId }]) => {
      const pages = await Promise.all(
        shards.map((shard) => {
          const db = deps.shards[shard];
          return db ? bouncesOf(db, { tenantId }).latest(destination, since, MOST_LOOKED_AT) : [];
        }),
      );
      const logs = pages.flat().sort((a, b) => (a.id < b.id ? 1 : -1));
      const isEnough = bouncesInARow(logs.map(({ log }) => log)) >= SOFT_BOUNCES;
      const from = { reason: "bounce", source: "soft_bounces", projectId, messageId } as const;
      return isEnough ? [{ channel: "email" as const, destination, ...from }] : [];
    }),
  );
  await suppress(deps, tenantId, unreachable.flat());
}

const ARRIVED: ReadonlySet<MessageEvent["type"]> = new Set(["delivered", "opened", "clicked"]);

/** Messages that came back since the last one that arrived, the newest first. */
export function bouncesInARow(logs: readonly (readonly MessageEvent[])[]): number {
  let bounced = 0;
  for (const log of logs) {
    if (log.some((event) => ARRIVED.has(event.type))) break;
    if (log.some((event) => event.type === "bounced")) bounced += 1;
  }
  return bounced;
}
