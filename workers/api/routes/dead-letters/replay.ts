import { deadLetterId, replayedShape } from "../../../../src/shared/contract/dead-letters.ts";
import { replayDeadLetter } from "../../../../src/shared/verbs/replay-dead-letters.ts";
import { route } from "../../route.ts";
import { deadLetterView } from "./view.ts";

export const replayDeadLetterRoute = route({
  method: "POST",
  path: "/v1/dead-letters/{id}/replay",
  operationId: "replayDeadLetter",
  tag: "dead letters",
  summary: "Put a delivery that was given up back on its way",
  description:
    "Its message is queued again, under its own id. Repeating the call does nothing and says so. 409 where the dead " +
    "letter was discarded, or the message went out in another way, has ended, or has expired.",
  auth: "dead_letters:write",
  params: deadLetterId,
  responses: { 200: { description: "What was done.", body: replayedShape } },
  faults: ["not_found", "conflict"],
  handle: async ({ deps, actor, params }) => {
    const { letter, replayed } = await replayDeadLetter(deps, actor, params.id);
    return { status: 200, body: { replayed, dead_letter: deadLetterView(letter) } };
  },
});
