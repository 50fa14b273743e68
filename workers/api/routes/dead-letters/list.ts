import { pageOf } from "../../../../src/shared/contract/common.ts";
import { deadLetterSummary, listDeadLetters as shape } from "../../../../src/shared/contract/dead-letters.ts";
import { deadLettersOf } from "../../../../src/shared/db/messages/dead-letters.ts";
import { mergePages } from "../../../../src/shared/db/messages/pages.ts";
import { route } from "../../route.ts";
import { deadLetterLine, filterOf } from "./view.ts";

export const listDeadLettersRoute = route({
  method: "GET",
  path: "/v1/dead-letters",
  operationId: "listDeadLetters",
  tag: "dead letters",
  summary: "List deliveries that were given up, those of the newest messages first",
  auth: "dead_letters:read",
  query: shape,
  responses: { 200: { description: "A page of dead letters.", body: pageOf(deadLetterSummary) } },
  handle: async ({ deps, caller, query }) => {
    const { cursor, limit, ...filter } = query;
    const pages = await Promise.all(
      caller.dbShards.flatMap((shard) => {
        const db = deps.shards[shard];
        return db ? [deadLettersOf(db, caller).list(filterOf(filter), cursor ?? null, limit + 1)] : [];
      }),
    );
    const page = mergePages(pages, limit);
    return { status: 200, body: { data: page.rows.map(deadLetterLine), next_cursor: page.floor } };
  },
});
