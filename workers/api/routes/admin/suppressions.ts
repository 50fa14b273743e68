/** What holds for everybody: the operator's own list. */
import { page, pageOf } from "../../../../src/shared/contract/common.ts";
import {
  addSuppression as bodyShape,
  cursorOf,
  listSuppressions as listShape,
  placeOfCursor,
  suppressionPlace,
  suppressionShape,
} from "../../../../src/shared/contract/suppressions.ts";
import { EVERYBODY } from "../../../../src/shared/core/suppression.ts";
import { addSuppression, removeSuppression } from "../../../../src/shared/verbs/change-suppressions.ts";
import { listSuppressions } from "../../../../src/shared/verbs/list-suppressions.ts";
import { route } from "../../route.ts";
import { suppressionView } from "../suppressions/view.ts";

const everybody = (requestId: string) => ({ tenantId: EVERYBODY, projectId: null, name: "operator", requestId });

export const listGlobalSuppressionsRoute = route({
  method: "GET",
  path: "/admin/suppressions",
  operationId: "listGlobalSuppressions",
  tag: "operator",
  summary: "List whom no tenant writes to, by channel and destination",
  auth: "operator",
  query: listShape,
  responses: { 200: { description: "A page of suppressions.", body: pageOf(suppressionShape) } },
  handle: async ({ deps, query: { limit, cursor, ...filter } }) => {
    const rows = await listSuppressions(deps, { tenantId: EVERYBODY }, filter, placeOfCursor(cursor), limit + 1);
    return { status: 200, body: page(rows, limit, cursorOf, suppressionView) };
  },
});

export const addGlobalSuppressionRoute = route({
  method: "POST",
  path: "/admin/suppressions",
  operationId: "addGlobalSuppression",
  tag: "operator",
  summary: "Keep every tenant from writing to a destination",
  auth: "operator",
  body: bodyShape,
  examples: [{ summary: "A mailbox that must be left alone", body: { channel: "email", destination: "abuse@example.com" } }],
  responses: { 201: { description: "The suppression as it stands.", body: suppressionShape } },
  handle: async ({ deps, requestId, body: { expires_at: expires, ...asked } }) => {
    const expiresAt = expires == null ? null : Date.parse(expires);
    return { status: 201, body: suppressionView(await addSuppression(deps, everybody(requestId), { ...asked, expiresAt })) };
  },
});

export const removeGlobalSuppressionRoute = route({
  method: "DELETE",
  path: "/admin/suppressions/{channel}/{destination}",
  operationId: "removeGlobalSuppression",
  tag: "operator",
  summary: "Let tenants write to a destination again",
  auth: "operator",
  params: suppressionPlace,
  responses: { 204: { description: "It is off everybody's list.", body: null } },
  faults: ["not_found"],
  handle: async ({ deps, requestId, params }) => {
    await removeSuppression(deps, everybody(requestId), params);
    return { status: 204 };
  },
});
