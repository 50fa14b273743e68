import { pageOf } from "../../../../src/shared/contract/common.ts";
import { caughtShape, listCaught } from "../../../../src/shared/contract/sandbox.ts";
import { mergePages } from "../../../../src/shared/db/messages/pages.ts";
import { catcherOf } from "../../../../src/shared/db/messages/sandbox.ts";
import { route } from "../../route.ts";
import { caughtView } from "./view.ts";

export const listCaughtRoute = route({
  method: "GET",
  path: "/v1/sandbox/messages",
  operationId: "listSandboxMessages",
  tag: "sandbox",
  summary: "List what the sandbox caught, newest first",
  description: "The newest thousand of a tenant and database are kept.",
  auth: "messages:read",
  query: listCaught,
  responses: { 200: { description: "A page of caught messages.", body: pageOf(caughtShape) } },
  handle: async ({ deps, caller, query }) => {
    const { cursor, limit, channel, destination, message_id } = query;
    const filter = { channel, destination, messageId: message_id };
    const pages = await Promise.all(
      caller.dbShards.flatMap((shard) => {
        const db = deps.shards[shard];
        return db ? [catcherOf(db, caller).list(filter, cursor ?? null, limit + 1)] : [];
      }),
    );
    const page = mergePages(pages, limit);
    return { status: 200, body: { data: page.rows.map(caughtView), next_cursor: page.floor } };
  },
});
