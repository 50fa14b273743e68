/**
 * Posts notices to those endpoints that want them. Notices are kept in the control database and callbacks in the message
 * databases, so no commit holds both: this looks at the newest notices, and makes the callbacks that are missing. It may be
 * called at any time, by anybody, and the sweep does; a notice makes one callback an endpoint, however often it is seen.
 */
import { callbackId } from "../core/callback.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { type KeptNotice, noticesOf } from "../db/control/notices.ts";
import { tenantShards } from "../db/control/tenants.ts";
import { callbacksOf, type OtherToldRow } from "../db/messages/callbacks.ts";
import { keepWatch, ringing } from "./call-back.ts";
import type { OtherEvent } from "./compose-callback.ts";
import type { Deps } from "./deps.ts";
import { type Listener, listenersOf } from "./listeners.ts";

/** Older ones are not made up for. */
const LOOK_BACK_MS = 86_400_000;
const MOST_NOTICES = 100;

/** Never throws. */
export async function tellNotices(
  deps: Pick<Deps, "control" | "shards" | "now" | "random" | "log" | "callbackBells" | "gate">,
  tenantId: string,
): Promise<void> {
  try {
    const listeners = (await listenersOf(deps, { tenantId })).filter(
      ({ types, state }) => state === "pending" && types.some((type) => !type.startsWith("message.")),
    );
    if (listeners.length === 0) return;
    const now = deps.now();
    const [notices, [shard]] = await Promise.all([
      noticesOf(deps.control, { tenantId }).list({}, null, MOST_NOTICES),
      tenantShards(deps.control, { tenantId }),
    ]);
    const db = shard === undefined ? undefined : deps.shards[shard];
    if (shard === undefined || !db) return;
    const rows = notices
      .filter(({ at }) => at > now - LOOK_BACK_MS)
      .flatMap((notice) => listeners.flatMap((listener) => rowOf(notice, listener, shard)));
    if (rows.length === 0) return;
    const callbacks = ringing(
      deps,
      { tenantId, shard },
      callbacksOf(db, { tenantId }).ofOthers(rows, { batch: newId("cpk", now, deps.random), now }),
    );
    if (await callbacks.ring(await commit(db, callbacks.writes))) await keepWatch(deps, tenantId);
  } catch (error) {
    deps.log({ level: "warn", event: "notices_not_told", tenant_id: tenantId, error: String(error) });
  }
}

/** A project hears of itself and of what is about its whole tenant, from when its endpoint was made. */
function rowOf(notice: KeptNotice, listener: Listener, shard: number): OtherToldRow[] {
  const { endpointId, projectId, types, createdAt } = listener;
  if (!types.includes(notice.type) || notice.at < createdAt) return [];
  if (notice.projectId !== null && notice.projectId !== projectId) return [];
  const { id, subject, details, at } = notice;
  const event: OtherEvent = { at, data: { notice_id: id, project_id: notice.projectId, subject, details } };
  // By its own time, not by ours: whoever sees it again makes the same id.
  return [{ endpointId, projectId, id: callbackId(at, shard, id), type: notice.type, event: JSON.stringify(event) }];
}
