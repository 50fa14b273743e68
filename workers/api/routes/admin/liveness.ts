import { z } from "zod";
import { route } from "../../route.ts";

const shape = z.object({ status: z.literal("ok") }).meta({ id: "Liveness" });

export const livenessRoute = route({
  method: "GET",
  path: "/healthz",
  operationId: "liveness",
  tag: "operator",
  summary: "Whether this Worker runs; it asks nothing else",
  auth: "public",
  responses: { 200: { description: "It does.", body: shape } },
  handle: async () => ({ status: 200, body: { status: "ok" }, headers: { "cache-control": "no-store" } }),
});
