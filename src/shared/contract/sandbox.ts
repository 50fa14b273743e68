/** What the sandbox caught, as callers read it. */
import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import { pageQuery, timestamp } from "./common.ts";

export const caughtId = z.object({ id: z.string().max(64) });

export const listCaught = z.strictObject({
  ...pageQuery,
  channel: z.enum(CHANNELS).optional(),
  destination: z.string().min(1).max(4096).optional(),
  message_id: z.string().max(64).optional(),
});

export const caughtShape = z
  .object({
    id: z.string(),
    project_id: z.string(),
    message_id: z.string(),
    channel: z.enum(CHANNELS),
    destination: z.string(),
    at: timestamp.describe("When it was caught."),
    envelope: z
      .looseObject({
        channel: z.enum(CHANNELS),
        to: z.string(),
        tags: z.array(z.string()),
        sensitive: z.literal(true).optional().describe("Nothing of the content is kept."),
        encoding: z.string().optional().describe("Of an SMS: `GSM-7` or `UCS-2`."),
        segments: z.int().optional().describe("Of an SMS: the parts that it goes in, and is charged for."),
        units: z.int().optional().describe("Of an SMS: septets of GSM-7, or UTF-16 units of UCS-2."),
        attachments: z.array(z.object({ filename: z.string(), content_type: z.string(), size_bytes: z.int() })).optional(),
      })
      .describe("As a provider would have got it: the channel's own fields, rendered."),
  })
  .meta({ id: "CaughtMessage" });
