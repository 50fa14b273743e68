/** What posts say about their endpoint over days: since when it fails, and when it is given up. */
import { FAILING_MS, isAccepted, isGone, lowestCallbackId, type PostAnswer, TRIES_TO_DISABLE } from "../core/callback.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRowIf } from "../db/control/audit.ts";
import { insertNotice, pruneNotices } from "../db/control/notices.ts";
import { tenantShards } from "../db/control/tenants.ts";
import { tenantWebhooks } from "../db/control/webhooks.ts";
import { callbackLogOf } from "../db/messages/callback-log.ts";
import { type Addressee, forgetAddressee } from "./addressees.ts";
import type { Deps } from "./deps.ts";
import { forgetListeners } from "./listeners.ts";
import { tellNotices } from "./tell-notices.ts";

type StandingDeps = Pick<Deps, "control" | "shards" | "now" | "random" | "log" | "callbackBells" | "gate">;

/** Callbacks made so long before an endpoint began to fail may still have been taken after that. */
const OLDER_MS = 2 * 86_400_000;

/**
 * Writes only where something changes: the first failure, the first success after it, the end. Never throws: what was
 * posted is settled already, and the next post says the same again.
 */
export async function noteStanding(
  deps: StandingDeps,
  { tenantId }: { readonly tenantId: string },
  to: Addressee,
  posts: readonly { readonly answer: PostAnswer; readonly tries: number }[],
): Promise<void> {
  const { failing } = to;
  if (failing === null || posts.length === 0) return;
  try {
    if (posts.some(({ answer }) => isGone(answer))) return await disable(deps, tenantId, to, "gone");
    if (posts.some(({ answer }) => isAccepted(answer))) {
      if (failing.since !== null) await setFailing(deps, tenantId, to, null);
      return;
    }
    const now = deps.now();
    if (failing.since === null) return await setFailing(deps, tenantId, to, now);
    if (now - failing.since < FAILING_MS || posts.every(({ tries }) => tries < TRIES_TO_DISABLE)) return;
    // Another isolate may have posted well, and not have known that there was a failure to take back.
    if (await wasTaken(deps, tenantId, to, failing.since)) await setFailing(deps, tenantId, to, null);
    else await disable(deps, tenantId, to, "failing");
  } catch (error) {
    deps.log({ level: "warn", event: "standing_not_noted", tenant_id: tenantId, endpoint_id: to.id, error: String(error) });
  }
}

async function setFailing(deps: StandingDeps, tenantId: string, to: Addressee, since: number | null): Promise<void> {
  await commit(deps.control, [tenantWebhooks(deps.control, { tenantId }).setFailing(to.id, since)]);
  if (to.failing !== null) to.failing.since = since;
}

async function wasTaken(deps: StandingDeps, tenantId: string, to: Addressee, since: number): Promise<boolean> {
  const scope = { tenantId, projectId: to.projectId };
  const from = lowestCallbackId(since - OLDER_MS);
  const shards = await tenantShards(deps.control, { tenantId });
  const taken = await Promise.all(
    shards.map((shard) => {
      const db = deps.shards[shard];
      return db ? callbackLogOf(db, scope, to.id).wasTakenSince(since, from) : false;
    }),
  );
  return taken.includes(true);
}

/** However many find it at the same time, one disables. */
async function disable(deps: StandingDeps, tenantId: string, to: Addressee, reason: "gone" | "failing"): Promise<void> {
  const { control, random } = deps;
  const now = deps.now();
  const webhooks = tenantWebhooks(control, { tenantId });
  const since = to.failing?.since ?? null;
  const details = { url: to.url, reason, failing_since: since === null ? null : new Date(since).toISOString() };
  const onlyOnce = webhooks.isEnabled(to.id);
  const actor = { tenantId, projectId: to.projectId, name: "system", requestId: null };
  const entry = { id: newId("aud", now, random), at: now, action: "webhook.disabled", target: to.id, details };
  await commit(control, [
    auditRowIf(control, actor, entry, onlyOnce),
    insertNotice(
      control,
      { tenantId, projectId: to.projectId, type: "webhook.disabled", subject: to.id, details, at: now },
      random,
      onlyOnce,
    ),
    pruneNotices(control, tenantId, now),
    webhooks.disable(to.id, now, reason),
  ]);
  deps.log({ level: "warn", event: "webhook_disabled", tenant_id: tenantId, endpoint_id: to.id, reason });
  forgetAddressee(tenantId, to.id);
  forgetListeners({ tenantId });
  await tellNotices(deps, tenantId);
}
