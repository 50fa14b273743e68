import { page, pageOf } from "../../../../src/shared/contract/common.ts";
import {
  cursorOf,
  placeOfCursor,
  listSuppressions as shape,
  suppressionShape,
} from "../../../../src/shared/contract/suppressions.ts";
import { listSuppressions } from "../../../../src/shared/verbs/list-suppressions.ts";
import { route } from "../../route.ts";
import { suppressionView } from "./view.ts";

export const listSuppressionsRoute = route({
  method: "GET",
  path: "/v1/suppressions",
  operationId: "listSuppressions",
  tag: "suppressions",
  summary: "List whom not to write to, by channel and destination",
  description:
    "The list is the whole tenant's: what bounced for good, complained or unsubscribed in one project is not written to in another. " +
    "Providers' callbacks and refusals put destinations on it by themselves. A message to one of them becomes `suppressed`, with the " +
    "reason as its event's code; where it has further addresses (`routing`), the next one has its turn.",
  auth: "suppressions:read",
  tenantWide: true,
  query: shape,
  responses: { 200: { description: "A page of suppressions.", body: pageOf(suppressionShape) } },
  handle: async ({ deps, caller, query: { limit, cursor, ...filter } }) => {
    const rows = await listSuppressions(deps, caller, filter, placeOfCursor(cursor), limit + 1);
    return { status: 200, body: page(rows, limit, cursorOf, suppressionView) };
  },
});
