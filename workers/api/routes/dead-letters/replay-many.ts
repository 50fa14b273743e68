import { replayCounts, replayDeadLetters as shape } from "../../../../src/shared/contract/dead-letters.ts";
import { replayDeadLetters } from "../../../../src/shared/verbs/replay-dead-letters.ts";
import { route } from "../../route.ts";
import { filterOf } from "./view.ts";

export const replayDeadLettersRoute = route({
  method: "POST",
  path: "/v1/dead-letters/replay",
  operationId: "replayDeadLetters",
  tag: "dead letters",
  summary: "Put many deliveries that were given up back on their way",
  description: "Those of the newest messages first. With `dry_run` it only counts.",
  auth: "dead_letters:write",
  body: shape,
  responses: { 200: { description: "How many.", body: replayCounts } },
  handle: async ({ deps, actor, caller, body }) => {
    const { filter, dry_run, limit } = body;
    const counts = await replayDeadLetters(deps, actor, caller.dbShards, { filter: filterOf(filter), dryRun: dry_run, limit });
    return { status: 200, body: { ...counts, dry_run } };
  },
});
