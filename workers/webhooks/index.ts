/** The webhooks Worker. */
import { consumed, countsOf, LEDGER_PATH } from "../../src/shared/runtime/ledger.ts";
import { type WebhooksBindings, webhooksDeps } from "../../src/shared/runtime/wire.ts";
import { fold } from "./steps.ts";

export default {
  fetch(request: Request, env: WebhooksBindings): Response {
    const counts = countsOf(env);
    const { pathname } = new URL(request.url);
    if (counts && pathname === LEDGER_PATH) return Response.json(counts);
    if (pathname === "/healthz") return Response.json({ status: "ok" });
    return new Response(null, { status: 404 });
  },

  async queue(batch: MessageBatch, env: WebhooksBindings): Promise<void> {
    if (batch.queue === "events") await consumed(env, batch, (b) => fold(webhooksDeps(env), b));
  },
};
