/** The api Worker. */
import { type ApiBindings, apiDeps } from "../../src/shared/runtime/wire.ts";
import { makeApp } from "./app.ts";
import { routes } from "./routes.ts";
import type { ApiContext } from "./serve.ts";

/** One set of dependencies an isolate: the environment does not change while it lives. */
const contexts = new WeakMap<object, ApiContext>();

function contextOf(env: ApiBindings): ApiContext {
  let context = contexts.get(env);
  if (!context) {
    context = { deps: apiDeps(env), operatorKeyHash: env.OPERATOR_KEY_HASH };
    contexts.set(env, context);
  }
  return context;
}

export default makeApp<ApiBindings>(routes, contextOf);
