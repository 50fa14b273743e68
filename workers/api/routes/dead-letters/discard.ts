import { deadLetterId, deadLetterShape } from "../../../../src/shared/contract/dead-letters.ts";
import { discardDeadLetter } from "../../../../src/shared/verbs/discard-dead-letter.ts";
import { route } from "../../route.ts";
import { deadLetterView } from "./view.ts";

export const discardDeadLetterRoute = route({
  method: "POST",
  path: "/v1/dead-letters/{id}/discard",
  operationId: "discardDeadLetter",
  tag: "dead letters",
  summary: "Close a dead letter for good",
  description: "Its message stays failed. Repeating the call changes nothing; 409 where it was replayed.",
  auth: "dead_letters:write",
  params: deadLetterId,
  responses: { 200: { description: "The dead letter.", body: deadLetterShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, actor, params }) => ({
    status: 200,
    body: deadLetterView(await discardDeadLetter(deps, actor, params.id)),
  }),
});
