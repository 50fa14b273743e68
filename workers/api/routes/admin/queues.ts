import { queuesShape } from "../../../../src/shared/contract/admin.ts";
import { route } from "../../route.ts";

export const queuesRoute = route({
  method: "GET",
  path: "/admin/queues",
  operationId: "listQueues",
  tag: "operator",
  summary: "What each queue holds",
  auth: "operator",
  responses: { 200: { description: "Every queue that the dispatcher writes to.", body: queuesShape } },
  handle: async ({ deps }) => ({ status: 200, body: { data: await deps.desk.queues() } }),
});
