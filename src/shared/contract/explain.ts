/** The answer of `GET /v1/messages/{id}/explain`. */
import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import { WAITS_FOR } from "../core/explain.ts";
import { STATUSES } from "../core/status.ts";
import { timestamp } from "./common.ts";
import { considerationShape, gateShape } from "./consideration.ts";
import { attemptShape } from "./messages.ts";

const waitingShape = z.object({
  for: z
    .enum(WAITS_FOR)
    .describe(
      "`schedule`, `backlog`: its gate holds it. `line`: a message of its ordering_key goes first. `turn`: an earlier address has " +
        "its time. `in_doubt`: nobody knows whether it went out. `connections_open`, `capped`: nobody may carry it now. `retry`: " +
        "a try failed. `under_way`: it is being sent. `room`: for a consumer, or under a limit on the way out.",
    ),
  until: timestamp.nullable().describe("When it is looked at again, where that is known."),
  behind: z.string().nullable().describe("With `line`: the message that it waits for."),
});

export const explanationShape = z
  .object({
    id: z.string(),
    status: z.enum(STATUSES),
    at: timestamp.describe("When this was found out."),
    gates: z.array(gateShape).describe("In the order in which they were asked; those that were not reached are not here."),
    deliveries: z.array(
      z.object({
        n: z.int(),
        channel: z.enum(CHANNELS),
        destination: z.string(),
        phase: z.enum(["held", "waiting", "sent", "failed", "unknown", "skipped"]),
        summary: z.string().describe("One sentence for a person."),
        waiting: waitingShape.nullable().describe("What it waits for now; null where nothing more becomes of it."),
        attempts: z.array(attemptShape).describe("With the route that each was given by the rules of its time."),
        now: considerationShape.nullable().describe("What would become of it if it were tried now; null where it is at its end."),
      }),
    ),
  })
  .meta({ id: "Explanation" });
