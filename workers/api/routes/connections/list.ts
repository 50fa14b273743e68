import { z } from "zod";
import { page, pageOf, pageQuery } from "../../../../src/shared/contract/common.ts";
import { connectionShape } from "../../../../src/shared/contract/connections.ts";
import { connectionsOf } from "../../../../src/shared/db/control/connections.ts";
import { lookAtConnections } from "../../../../src/shared/verbs/look-at-connections.ts";
import { route } from "../../route.ts";
import { connectionView } from "./view.ts";

export const listConnectionsRoute = route({
  method: "GET",
  path: "/v1/connections",
  operationId: "listConnections",
  tag: "connections",
  summary: "List the connections of this project, newest first",
  auth: "connections:read",
  query: z.strictObject(pageQuery),
  responses: { 200: { description: "A page of connections.", body: pageOf(connectionShape) } },
  handle: async ({ deps, caller, query }) => {
    const rows = await connectionsOf(deps.control, caller).list(query.cursor ?? null, query.limit + 1);
    const health = await lookAtConnections(deps, rows.slice(0, query.limit));
    const seen = rows.map((row, i) => ({ row, health: health[i] ?? null }));
    return {
      status: 200,
      body: page(
        seen,
        query.limit,
        ({ row }) => row.id,
        (one) => connectionView(deps, one.row, one.health),
      ),
    };
  },
});
