/** Makes an endpoint that a project's events are posted to. Its secret is in the answer only. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type WebhookRow, webhooksOf } from "../db/control/webhooks.ts";
import { announceEndpoint } from "./announce-endpoint.ts";
import type { Actor, Deps } from "./deps.ts";
import { mintKeptKey } from "./mint-kept-key.ts";
import { addressFlaw } from "./post-once.ts";

export interface NewWebhook {
  readonly url: string;
  readonly events: readonly string[];
  readonly description: string;
  readonly enabled: boolean;
}

/** Each of them costs a row an event. */
const MOST_WEBHOOKS = 20;

/** Throws `validation_failed` where events may not be posted there. */
export function mustBePostable(deps: Pick<Deps, "allowPrivateEndpoints">, url: string, path = "url"): void {
  const flaw = addressFlaw(url, deps.allowPrivateEndpoints);
  if (flaw !== null) throw new Fault("validation_failed", { errors: [{ path, message: flaw }] });
}

export async function createWebhook(
  deps: Pick<Deps, "control" | "now" | "random" | "webhookSealer" | "allowPrivateEndpoints" | "desk" | "postman" | "log">,
  actor: Actor,
  input: NewWebhook,
): Promise<{ readonly secret: string; readonly row: WebhookRow }> {
  mustBePostable(deps, input.url);
  const webhooks = webhooksOf(deps.control, actor);
  if ((await webhooks.count()) >= MOST_WEBHOOKS) {
    throw new Fault("conflict", { detail: `A project has at most ${MOST_WEBHOOKS} webhooks.` });
  }
  const { secret, kept } = await mintKeptKey(deps);
  const now = deps.now();
  const row: Omit<WebhookRow, "tenantId" | "projectId"> = {
    id: newId("whk", now, deps.random),
    url: input.url,
    events: JSON.stringify(input.events),
    description: input.description,
    enabled: input.enabled,
    keys: JSON.stringify([kept]),
    failingSince: null,
    disabledAt: null,
    disabledReason: null,
    createdAt: now,
    updatedAt: now,
  };
  await commit(deps.control, [
    webhooks.insert(row),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "webhook.created",
      target: row.id,
      details: { url: input.url, events: input.events },
    }),
  ]);
  await announceEndpoint(deps, actor, row.id);
  return { secret, row: { ...row, tenantId: actor.tenantId, projectId: actor.projectId } };
}
