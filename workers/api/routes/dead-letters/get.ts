import { deadLetterId, deadLetterShape } from "../../../../src/shared/contract/dead-letters.ts";
import { parseDeadLetterId } from "../../../../src/shared/core/dead-letter.ts";
import { Fault } from "../../../../src/shared/core/faults.ts";
import { deadLettersOf } from "../../../../src/shared/db/messages/dead-letters.ts";
import { route } from "../../route.ts";
import { deadLetterView } from "./view.ts";

export const getDeadLetterRoute = route({
  method: "GET",
  path: "/v1/dead-letters/{id}",
  operationId: "getDeadLetter",
  tag: "dead letters",
  summary: "Read a dead letter: the task, every attempt, and the reason",
  auth: "dead_letters:read",
  params: deadLetterId,
  responses: { 200: { description: "The dead letter.", body: deadLetterShape } },
  faults: ["not_found"],
  handle: async ({ deps, caller, params }) => {
    const db = deps.shards[parseDeadLetterId(params.id)?.dbShard ?? -1];
    const letter = db && (await deadLettersOf(db, caller).get(params.id));
    if (!letter) throw new Fault("not_found");
    return { status: 200, body: deadLetterView(letter) };
  },
});
