import { pageOf } from "../../../../src/shared/contract/common.ts";
import { messageSummary, listMessages as shape } from "../../../../src/shared/contract/messages.ts";
import { spellingsOf } from "../../../../src/shared/core/recipient-spellings.ts";
import { listMessages } from "../../../../src/shared/verbs/list-messages.ts";
import { route } from "../../route.ts";
import { summaryView } from "./view.ts";

export const listMessagesRoute = route({
  method: "GET",
  path: "/v1/messages",
  operationId: "listMessages",
  tag: "messages",
  summary: "List the messages of this project, newest first",
  description:
    "Live and test messages alike, unless `mode` says otherwise. A page may be short, or even empty, and still have a " +
    "`next_cursor`: go on until that is null.",
  auth: "messages:read",
  query: shape,
  responses: { 200: { description: "A page of messages.", body: pageOf(messageSummary) } },
  handle: async ({ deps, caller, query }) => {
    const { cursor, limit, recipient, created_after, created_before, ...equal } = query;
    const page = await listMessages(deps, caller, {
      filter: {
        ...equal,
        recipients: recipient === undefined ? undefined : spellingsOf(recipient, equal.channel),
        createdAfter: created_after === undefined ? undefined : Date.parse(created_after),
        createdBefore: created_before === undefined ? undefined : Date.parse(created_before),
      },
      before: cursor ?? null,
      limit,
    });
    return { status: 200, body: { data: page.messages.map(summaryView), next_cursor: page.nextBefore } };
  },
});
