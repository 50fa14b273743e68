/** Changes an endpoint; to enable one is also to forgive it. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type WebhookRow, webhooksOf } from "../db/control/webhooks.ts";
import { announceEndpoint } from "./announce-endpoint.ts";
import { mustBePostable, type NewWebhook } from "./create-webhook.ts";
import type { Actor, Deps } from "./deps.ts";

export async function updateWebhook(
  deps: Pick<Deps, "control" | "now" | "random" | "allowPrivateEndpoints" | "desk" | "postman" | "log">,
  actor: Actor,
  id: string,
  change: Partial<NewWebhook>,
): Promise<WebhookRow> {
  const webhooks = webhooksOf(deps.control, actor);
  const row = await webhooks.get(id);
  if (!row) throw new Fault("not_found");
  if (Object.keys(change).length === 0) return row;
  const { url, events, description, enabled } = change;
  if (url !== undefined) mustBePostable(deps, url);
  const now = deps.now();
  const set: Partial<WebhookRow> = {
    ...(url !== undefined && { url }),
    ...(events !== undefined && { events: JSON.stringify(events) }),
    ...(description !== undefined && { description }),
    ...(enabled !== undefined && { enabled }),
    // What is known of its failures is about another address, or about the time before somebody looked at it.
    ...((enabled === true || url !== undefined) && { failingSince: null }),
    // By hand, either way: what happens to one that its owner disabled is not kept.
    ...(enabled !== undefined && { disabledAt: null, disabledReason: null }),
    updatedAt: Math.max(now, row.updatedAt + 1),
  };
  await commit(deps.control, [
    webhooks.update(id, set),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "webhook.updated",
      target: id,
      details: { ...change },
    }),
  ]);
  await announceEndpoint(deps, actor, id);
  return { ...row, ...set };
}
