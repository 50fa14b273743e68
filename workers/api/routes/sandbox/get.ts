import { caughtId, caughtShape } from "../../../../src/shared/contract/sandbox.ts";
import { dbShardOfCaught } from "../../../../src/shared/core/caught.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { catcherOf } from "../../../../src/shared/db/messages/sandbox.ts";
import { route } from "../../route.ts";
import { caughtView } from "./view.ts";

export const getCaughtRoute = route({
  method: "GET",
  path: "/v1/sandbox/messages/{id}",
  operationId: "getSandboxMessage",
  tag: "sandbox",
  summary: "Read one message that the sandbox caught",
  auth: "messages:read",
  params: caughtId,
  responses: { 200: { description: "The caught message.", body: caughtShape } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params }) => {
    const db = deps.shards[dbShardOfCaught(params.id) ?? -1];
    const caught = db && (await catcherOf(db, caller).get(params.id));
    if (!caught) throw new Fault("not_found");
    return { status: 200, body: caughtView(caught) };
  },
});
