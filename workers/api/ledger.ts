/** The app of a stack that counts what it costs (runtime/ledger.ts): the routes, and the ledger to read. */
import type { Hono } from "hono";
import { z } from "zod";
import type { Ledger } from "../../src/shared/adapters/ledger.ts";
import { type ApiBindings, ledgersOf } from "../../src/shared/runtime/wire.ts";
import { makeApp } from "./app.ts";
import { type Route, route } from "./route.ts";
import type { ApiContext } from "./serve.ts";

type App = Hono<{ Bindings: ApiBindings }>;

let app: App | undefined;

/** Counts the request that it is called for. */
export function countingApp(
  ledger: Ledger,
  env: ApiBindings,
  routes: readonly Route[],
  contextOf: (env: ApiBindings) => ApiContext,
): App {
  app ??= makeApp<ApiBindings>([...routes, ledgerRoute(ledger, env)], contextOf);
  ledger.add("worker_requests");
  return app;
}

function ledgerRoute(ledger: Ledger, env: ApiBindings): Route {
  return route({
    method: "GET",
    path: "/admin/ledger",
    operationId: "readLedger",
    tag: "operator",
    summary: "What each Worker has used of what is billed",
    auth: "operator",
    responses: {
      200: { description: "Worker → counter → count.", body: z.record(z.string(), z.record(z.string(), z.number())) },
    },
    handle: async () => {
      ledger.add("worker_requests", -1); // to look must not change what is seen
      return { status: 200, body: await ledgersOf(env) };
    },
  });
}
