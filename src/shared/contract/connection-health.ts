/** What the breakers of connections show of themselves. */
import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import { HEALTH_STATES } from "../core/connection-health.ts";
import { timestamp } from "./common.ts";

const state = z
  .enum(HEALTH_STATES)
  .describe(
    "`closed`: in use. `open`: not used until `until`, after five failures in a row, after failures of half of all " +
      "attempts, or at once where the account is wrong. `half_open`: one message is tried over it. `paused`: the provider " +
      "asked for quiet until `until`.",
  );

export const connectionHealthShape = z
  .object({
    state,
    since: timestamp.nullable().describe("Closed since, or out of use since; null where it was never out of use."),
    until: timestamp.nullable().describe("Not used before this; null where it may be used now."),
    code: z.string().nullable().describe("The provider's own code of the last failure, or ours."),
    reason: z.string().nullable().describe("Its words, without addresses and numbers."),
    consecutive_failures: z.int(),
    window: z
      .object({ ok: z.int(), failed: z.int() })
      .describe("Attempts of the last minute, as far as they were reported: successes are counted when a failure comes."),
  })
  .meta({ id: "ConnectionHealth" });

export const providerSurveyShape = z
  .object({
    data: z
      .array(
        z.object({
          tenant_id: z.string(),
          project_id: z.string(),
          connection_id: z.string(),
          channel: z.enum(CHANNELS),
          provider: z.string(),
          name: z.string(),
          enabled: z.boolean(),
          health: connectionHealthShape.nullable().describe("Null where it could not be asked."),
        }),
      )
      .describe("Connections of all tenants whose breaker is not closed, the latest first; 200 at most."),
    more: z.boolean().describe("There are more of them."),
    counts: z.array(z.object({ provider: z.string(), state, connections: z.int() })).describe("All connections."),
  })
  .meta({ id: "ProviderSurvey" });
