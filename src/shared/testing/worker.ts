/** The Worker that tests run in: the dispatcher's objects and entrypoints, and the consumers of all three. */
import dispatcher from "../../../workers/dispatcher/index.ts";
import webhooks from "../../../workers/webhooks/index.ts";
import type { DispatcherBindings, WebhooksBindings } from "../runtime/wire.ts";

export { Desk, Planner, ProviderHealth, ProviderLease, TenantGate } from "../../../workers/dispatcher/index.ts";

export default {
  fetch: () => new Response("test"),
  queue(batch: MessageBatch, env: DispatcherBindings & WebhooksBindings): Promise<void> {
    return batch.queue === "events" || batch.queue === "callbacks" ? webhooks.queue(batch, env) : dispatcher.queue(batch, env);
  },
};
