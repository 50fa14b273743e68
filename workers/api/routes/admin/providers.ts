import { providerSurveyShape } from "../../../../src/shared/contract/connection-health.ts";
import type { Channel } from "../../../../src/shared/core/channels.ts";
import { surveyProviders } from "../../../../src/shared/verbs/survey-providers.ts";
import { route } from "../../route.ts";
import { healthView } from "../connections/health-view.ts";

export const surveyProvidersRoute = route({
  method: "GET",
  path: "/admin/providers",
  operationId: "surveyProviders",
  tag: "operator",
  summary: "Connections of all tenants that are out of use, and how many there are of each provider",
  description: "A connection that is only paused, since its provider asked for quiet, counts as closed.",
  auth: "operator",
  responses: { 200: { description: "What is out of use, and counts by provider and state.", body: providerSurveyShape } },
  handle: async ({ deps }) => {
    const { unwell, more, counts } = await surveyProviders(deps);
    return {
      status: 200,
      body: {
        data: unwell.map(({ row, health }) => ({
          tenant_id: row.tenantId,
          project_id: row.projectId,
          connection_id: row.id,
          // The column holds what contract/connections.ts let in.
          channel: row.channel as Channel,
          provider: row.provider,
          name: row.name,
          enabled: row.enabled,
          health: healthView(health),
        })),
        more,
        counts,
      },
    };
  },
});
