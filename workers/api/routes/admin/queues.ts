import { queuesShape } from "../../../../src/shared/contract/admin.ts";
import { route } from "../../route.ts";

export const queuesRoute = route({
  method: "GET",
  path: "/admin/queues",
  operationId: "listQueues",
  tag: "operator",
  summary: "What each queue holds",
  description:
    "As the runtime counts it, a moment ago; null where it cannot. A message of a send queue is the bell of a pack: up to 50 " +
    "messages of one tenant, or up to 10 in the express lane. What a tenant has due beyond about a second of work a lane " +
    "waits in its own gates instead, where it stands before nobody else: `backlog` of `GET /admin/tenants/{id}`.",
  auth: "operator",
  responses: { 200: { description: "Every queue that the dispatcher writes to.", body: queuesShape } },
  handle: async ({ deps }) => ({ status: 200, body: { data: await deps.desk.queues() } }),
});
