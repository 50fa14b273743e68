/** The Worker that tests run in: the dispatcher's objects and entrypoints, and the consumers of all three. */
import dispatcher from "../../../workers/dispatcher/index.ts";
import webhooks from "../../../workers/webhooks/index.ts";
import type { DispatcherBindings, WebhooksBindings } from "../runtime/wire.ts";

export { Desk, Planner, ProviderHealth, ProviderLease, TenantGate } from "../../../workers/dispatcher/index.ts";

export default {
  fetch: () => new Response("test"),
  queue(batch: MessageBatch, env: DispatcherBindings & WebhooksBindings, ctx: ExecutionContext): Promise<void> {
    const isOfWebhooks = batch.queue === "events" || batch.queue === "callbacks";
    return isOfWebhooks ? webhooks.queue(batch, env, ctx) : dispatcher.queue(batch, env);
  },
};
