/** The Hono app: every route of routes.ts, and answers for what is not there. */
import { type Context, Hono } from "hono";
import { Fault } from "../../src/shared/core/faults.ts";
import type { Route } from "./route.ts";
import { type ApiContext, answer, serve } from "./serve.ts";

/** `contextOf` builds (or finds) the dependencies of a request from its environment. */
export function makeApp<Env extends object>(
  routes: readonly Route[],
  contextOf: (env: Env) => ApiContext,
): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>();
  const of = (c: Context) => contextOf(c.env as Env);
  const methods = new Map<string, string[]>();
  for (const r of routes) {
    const path = r.path.replaceAll(/\{(\w+)\}/g, ":$1");
    app.on(r.method, path, serve(r, of) as never);
    methods.set(path, [...(methods.get(path) ?? []), r.method]);
  }
  for (const [path, allowed] of methods) {
    app.all(path, (c) =>
      answer(c, of(c), "405", async () => {
        throw new Fault("method_not_allowed", { headers: { allow: allowed.join(", ") } });
      }),
    );
  }
  app.notFound((c) =>
    answer(c, of(c), "404", async () => {
      throw new Fault("not_found", { detail: "There is no such path." });
    }),
  );
  return app;
}
