import { healthShape } from "../../../../src/shared/contract/admin.ts";
import { checkHealth } from "../../../../src/shared/verbs/check-health.ts";
import { route } from "../../route.ts";

export const adminHealthRoute = route({
  method: "GET",
  path: "/admin/healthz",
  operationId: "adminHealth",
  tag: "operator",
  summary: "Whether every dependency answers, and how fast",
  auth: "operator",
  responses: {
    200: { description: "All answer.", body: healthShape },
    503: { description: "At least one does not.", body: healthShape },
  },
  handle: async ({ deps }) => {
    const { ok, checks } = await checkHealth(deps);
    return {
      status: ok ? 200 : 503,
      body: {
        status: ok ? "ok" : "degraded",
        checks: checks.map((c) => ({ name: c.name, ok: c.ok, latency_ms: c.latencyMs, detail: c.detail })),
      },
      headers: { "cache-control": "no-store" },
    };
  },
});
