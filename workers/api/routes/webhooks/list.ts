import { z } from "zod";
import { page, pageOf, pageQuery } from "../../../../src/shared/contract/common.ts";
import { webhookShape } from "../../../../src/shared/contract/webhooks.ts";
import { webhooksOf } from "../../../../src/shared/db/control/webhooks.ts";
import { route } from "../../route.ts";
import { webhookView } from "./view.ts";

export const listWebhooksRoute = route({
  method: "GET",
  path: "/v1/webhooks",
  operationId: "listWebhooks",
  tag: "webhooks",
  summary: "List the webhooks of this project, newest first",
  auth: "webhooks:read",
  query: z.strictObject(pageQuery),
  responses: { 200: { description: "A page of webhooks.", body: pageOf(webhookShape) } },
  handle: async ({ deps, caller, query }) => {
    const rows = await webhooksOf(deps.control, caller).list(query.cursor ?? null, query.limit + 1);
    return { status: 200, body: page(rows, query.limit, (row) => row.id, webhookView) };
  },
});
