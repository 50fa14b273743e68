/** The Hono app: every route of routes.ts, and answers for what is not there. */
import { type Context, Hono } from "hono";
import { Fault } from "../../src/shared/core/faults.ts";
import type { Route } from "./route.ts";
import { type ApiContext, answer, serve } from "./serve.ts";

/** What the webhooks Worker answers: callbacks of providers, and links in messages. */
const HANDED_OVER = ["/hooks/*", "/t/*"];

/** `contextOf` builds (or finds) the dependencies of a request from its environment. */
export function makeApp<Env extends object>(
  routes: readonly Route[],
  contextOf: (env: Env) => ApiContext,
): Hono<{ Bindings: Env }> {
  const app = new Hono<{ Bindings: Env }>();
  const of = (c: Context) => contextOf(c.env as Env);
  for (const r of routes) app.on(r.method, r.path.replaceAll(/\{(\w+)\}/g, ":$1"), serve(r, of) as never);
  // Hostile input has a Worker of its own: one origin, another process.
  for (const path of HANDED_OVER) app.all(path, (c) => of(c).deps.webhooks.fetch(c.req.raw));
  const patterns = routes.map(({ method, path }) => ({ method, pattern: patternOf(path) }));
  app.notFound((c) => {
    const allowed = new Set(patterns.filter(({ pattern }) => pattern.test(c.req.path)).map(({ method }) => method));
    return answer(c, of(c), allowed.size > 0 ? "405" : "404", async () => {
      if (allowed.size === 0) throw new Fault("not_found", { detail: "There is no such path." });
      throw new Fault("method_not_allowed", { headers: { allow: [...allowed].join(", ") } });
    });
  });
  return app;
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`);
}
