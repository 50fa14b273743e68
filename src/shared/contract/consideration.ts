/** What would become of a delivery, and what the gates said: shared by explain and simulate. */
import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import { CANDIDATE_VERDICTS, GATES, VERDICTS } from "../core/consideration.ts";
import { CHOSEN_BY } from "../core/routing-words.ts";
import { jsonObject, timestamp } from "./common.ts";

export const gateShape = z
  .object({
    gate: z.enum(GATES),
    delivery: z.int().nullable().describe("The delivery that it is of; null where it is of the whole message."),
    verdict: z.enum(VERDICTS).describe("`note`: it does not matter here, or cannot be known before."),
    input: jsonObject.describe("What it was judged by."),
    code: z.string().nullable(),
    detail: z.string().describe("One sentence for a person."),
  })
  .meta({ id: "GateVerdict" });

export const candidateShape = z.object({
  connection_id: z.string(),
  provider: z.string(),
  verdict: z
    .enum(CANDIDATE_VERDICTS)
    .describe(
      "`fit`; `probe`: its breaker is open and its time is up, so one message may try; `open`: its breaker is open, or it asked " +
        "for quiet; `left_out`: the rule allows others only; `cannot_carry`: not there, or not that; `broken`: it cannot be opened.",
    ),
  place: z.int().nullable().describe("From 1, in the order in which they are tried; null for one that is not."),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  until: timestamp.nullable().describe("Until when it is out of use."),
  by: z.enum(CHOSEN_BY).nullable().describe("What put it in its place."),
  score: z
    .number()
    .nullable()
    .describe("Of the strategy: millionths of a dollar, a share of 1, milliseconds, a weight or a priority."),
  why: z.string().nullable(),
  priority: z.number(),
  success_rate: z.number().nullable().describe("Of the last ten minutes or so."),
  latency_ms: z.number().nullable(),
  cost_micros: z.number().nullable().describe("Millionths of a US dollar for this message; null where no price is known."),
});

export const considerationShape = z
  .object({
    n: z.int(),
    channel: z.enum(CHANNELS),
    destination: z.string(),
    at: timestamp.describe("When it is tried."),
    verdict: z.enum(["go", "wait", "stop", "none"]).describe("`none`: there is nothing left to do."),
    code: z.string().nullable(),
    reason: z.string().nullable(),
    until: timestamp.nullable().describe("With `wait`: when it comes again."),
    connection_id: z.string().nullable().describe("That it goes over; null where it does not go."),
    provider: z.string().nullable(),
    policy_id: z.string().nullable().describe("The routing policy that decided; null where connections go by their priority."),
    rule: z.int().nullable().describe("Its place in the policy's rules, from 0."),
    rules: z
      .array(z.object({ policy_id: z.string(), rule: z.int(), name: z.string().nullable(), missed: z.string().nullable() }))
      .describe(
        "Every rule that was asked. `missed`: the first of its conditions that did not hold; null for the one that decided.",
      ),
    candidates: z.array(candidateShape).describe("Every enabled connection of the channel, those that are tried first."),
    cost_micros: z.number().nullable().describe("Millionths; null where no price is known."),
    currency: z.literal("USD"),
    sms: z
      .object({
        encoding: z.enum(["GSM-7", "UCS-2"]),
        parts: z.int().describe("Segments that it goes in, and is charged for."),
        units: z.int(),
        country: z.string().nullable(),
        sender: z.string().nullable().describe("Null where the provider picks one, or nobody carries it."),
        warnings: z
          .array(z.object({ code: z.string(), message: z.string(), source: z.string().nullable() }))
          .describe("What the country is known to want of an SMS. Nothing is refused because of it."),
      })
      .nullable(),
  })
  .meta({ id: "Consideration" });
