/** Deletes an endpoint with its keys. What was on its way to it is given up. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { webhooksOf } from "../db/control/webhooks.ts";
import { announceEndpoint } from "./announce-endpoint.ts";
import type { Actor, Deps } from "./deps.ts";

export async function deleteWebhook(
  deps: Pick<Deps, "control" | "now" | "random" | "desk" | "postman" | "log">,
  actor: Actor,
  id: string,
): Promise<void> {
  const webhooks = webhooksOf(deps.control, actor);
  const row = await webhooks.get(id);
  if (!row) throw new Fault("not_found");
  const now = deps.now();
  await commit(deps.control, [
    webhooks.remove(id),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "webhook.deleted",
      target: id,
      details: { url: row.url },
    }),
  ]);
  await announceEndpoint(deps, actor, id);
}
