/** The api Worker. */
import { ledgerOf } from "../../src/shared/runtime/ledger.ts";
import { type ApiBindings, apiDeps, operatorKeyHash } from "../../src/shared/runtime/wire.ts";
import { makeApp } from "./app.ts";
import { countingApp } from "./ledger.ts";
import { routes } from "./routes.ts";
import type { ApiContext } from "./serve.ts";

/** One set of dependencies an isolate: the environment does not change while it lives. */
const contexts = new WeakMap<object, ApiContext>();

function contextOf(env: ApiBindings): ApiContext {
  let context = contexts.get(env);
  if (!context) {
    context = { deps: apiDeps(env), operatorKeyHash: operatorKeyHash(env) };
    contexts.set(env, context);
  }
  return context;
}

const app = makeApp<ApiBindings>(routes, contextOf);

export default {
  fetch(request, env, ctx) {
    const ledger = ledgerOf(env);
    return (ledger ? countingApp(ledger, env, routes, contextOf) : app).fetch(request, env, ctx);
  },
} satisfies ExportedHandler<ApiBindings>;
