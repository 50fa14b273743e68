import { z } from "zod";
import { page, pageOf, pageQuery } from "../../../../src/shared/contract/common.ts";
import { keyShape } from "../../../../src/shared/contract/keys.ts";
import { keysOf } from "../../../../src/shared/db/control/keys.ts";
import { route } from "../../route.ts";
import { keyView } from "./view.ts";

export const listKeysRoute = route({
  method: "GET",
  path: "/v1/keys",
  operationId: "listKeys",
  tag: "keys",
  summary: "List the keys of this project, newest first",
  auth: "keys:read",
  query: z.strictObject(pageQuery),
  responses: { 200: { description: "A page of keys.", body: pageOf(keyShape) } },
  handle: async ({ deps, caller, query }) => {
    const rows = await keysOf(deps.control, caller).list(query.cursor ?? null, query.limit + 1);
    return { status: 200, body: page(rows, query.limit, (row) => row.id, keyView) };
  },
});
