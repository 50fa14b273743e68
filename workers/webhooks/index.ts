/** The webhooks Worker. */
import { type WebhooksBindings, webhooksDeps } from "../../src/shared/runtime/wire.ts";
import { fold } from "./steps.ts";

export default {
  fetch(): Response {
    return new Response(null, { status: 404 });
  },

  async queue(batch: MessageBatch, env: WebhooksBindings): Promise<void> {
    if (batch.queue === "events") await fold(webhooksDeps(env), batch);
  },
};
