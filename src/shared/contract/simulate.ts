/** The body of `POST /v1/simulate`, and its answer. */
import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import { timestamp } from "./common.ts";
import { considerationShape, gateShape } from "./consideration.ts";
import { recipientShape, sendBody } from "./send.ts";
import { previewShape } from "./templates.ts";

export const MAX_SIMULATED = 100;
/** Of rendered content in one answer. */
export const PREVIEW_CHARS = 4_000_000;

export const simulateBody = sendBody
  .safeExtend({
    to: z.array(recipientShape).min(1).max(MAX_SIMULATED),
    at: z.iso
      .datetime({ offset: true })
      .optional()
      .describe("When the send is taken to be made; now unless set. Connections are taken as they stand now."),
  })
  .meta({ id: "Simulate" });
export type SimulateBody = z.output<typeof simulateBody>;

const startShape = z
  .object({
    when: z.enum(["at_once", "after"]),
    of: z.int().optional().describe("The delivery before it."),
    seconds: z.int().optional().describe("How long that one is given; at once where it fails."),
    unless: z.enum(["sent", "delivered", "opened", "read"]).optional().describe("What makes this one needless."),
  })
  .describe("When its turn comes.");

export const simulatedShape = z
  .object({
    at: timestamp,
    mode: z.enum(["live", "test"]),
    data: z
      .array(
        z.object({
          channel: z.enum(CHANNELS),
          destination: z.string(),
          would_send: z.boolean(),
          at: timestamp.describe("When it would be handed on for sending."),
          code: z.string().nullable().describe("Why it would not be sent, or not yet."),
          reason: z.string().nullable(),
          gates: z.array(gateShape),
          deliveries: z.array(
            considerationShape.extend({
              starts: startShape,
              preview: previewShape
                .omit({ template_id: true, version: true })
                .nullable()
                .describe(
                  "The content as its provider would get it, without the bytes of files. Null where it cannot be made, for " +
                    "sensitive sends, and once four million characters have been shown.",
                ),
            }),
          ),
        }),
      )
      .describe("One for each message that the send would make."),
    totals: z.object({
      messages: z.int(),
      would_send: z.int(),
      cost_micros: z.number().describe("Of the first delivery of each that goes out, millionths."),
      most_cost_micros: z.number().describe("Where every later delivery has its turn as well."),
      unpriced: z.int().describe("Messages that would be sent at a price that nobody knows."),
      currency: z.literal("USD"),
    }),
  })
  .meta({ id: "Simulated" });
