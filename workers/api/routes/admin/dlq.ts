import { surveyShape } from "../../../../src/shared/contract/admin.ts";
import { iso } from "../../../../src/shared/contract/common.ts";
import { surveyDeadLetters } from "../../../../src/shared/verbs/survey-dead-letters.ts";
import { route } from "../../route.ts";

export const surveyDeadLettersRoute = route({
  method: "GET",
  path: "/admin/dlq",
  operationId: "surveyDeadLetters",
  tag: "operator",
  summary: "Open dead letters of all tenants: how many, and the newest",
  auth: "operator",
  responses: { 200: { description: "Counts by tenant, channel and code, most first.", body: surveyShape } },
  handle: async ({ deps }) => {
    const { counts, newest } = await surveyDeadLetters(deps, {});
    return {
      status: 200,
      body: {
        open: counts.reduce((sum, c) => sum + c.open, 0),
        counts: counts.map((c) => ({
          tenant_id: c.tenantId,
          channel: c.channel,
          code: c.code,
          open: c.open,
          newest_at: iso(c.newestAt),
        })),
        newest: newest.map((l) => ({
          id: l.id,
          tenant_id: l.tenantId,
          project_id: l.projectId,
          message_id: l.messageId,
          channel: l.channel,
          code: l.code,
          reason: l.reason,
          created_at: iso(l.createdAt),
        })),
      },
    };
  },
});
