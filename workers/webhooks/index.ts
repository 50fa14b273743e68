/** The webhooks Worker. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Postman as PostmanPort } from "../../src/shared/ports/postman.ts";
import { consumed, countsOf, LEDGER_PATH } from "../../src/shared/runtime/ledger.ts";
import { type WebhooksBindings, webhooksDeps } from "../../src/shared/runtime/wire.ts";
import { makePostman } from "../../src/shared/verbs/postman.ts";
import { door } from "./door.ts";
import { post } from "./post.ts";
import { fold } from "./steps.ts";

/** What the api Worker calls, over a service binding. */
export class Postman extends WorkerEntrypoint<WebhooksBindings> implements PostmanPort {
  async postTest(...args: Parameters<PostmanPort["postTest"]>) {
    return makePostman(webhooksDeps(this.env)).postTest(...args);
  }

  async endpointChanged(...args: Parameters<PostmanPort["endpointChanged"]>): Promise<void> {
    return makePostman(webhooksDeps(this.env)).endpointChanged(...args);
  }
}

export default {
  async fetch(request: Request, env: WebhooksBindings): Promise<Response> {
    const counts = countsOf(env);
    const { pathname } = new URL(request.url);
    if (counts && pathname === LEDGER_PATH) return Response.json(counts);
    if (pathname === "/healthz") return Response.json({ status: "ok" });
    return door(webhooksDeps(env), request);
  },

  async queue(batch: MessageBatch, env: WebhooksBindings, ctx: Pick<ExecutionContext, "waitUntil">): Promise<void> {
    const deps = webhooksDeps(env);
    if (batch.queue === "events") await consumed(env, batch, (b) => fold(deps, b));
    if (batch.queue === "callbacks") await consumed(env, batch, (b) => post(deps, b, (work) => ctx.waitUntil(work)));
  },
};
