/** Dead letters as callers read them. */
import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import { DEAD_LETTER_STATES } from "../core/dead-letter.ts";
import { pageQuery, timestamp } from "./common.ts";
import { attemptShape, createdRange } from "./messages.ts";

export const deadLetterId = z.object({ id: z.string().max(64) });

const narrowing = {
  channel: z.enum(CHANNELS).optional(),
  code: z.string().min(1).max(200).optional().describe("Why it was given up, such as `21211` or `no_connection`."),
  ...createdRange,
};

export const listDeadLetters = z.strictObject({
  ...pageQuery,
  state: z.enum(DEAD_LETTER_STATES).optional(),
  ...narrowing,
});

export const replayAsk = {
  filter: z.strictObject(narrowing).default({}).describe("Which open dead letters; all of them unless set."),
  dry_run: z.boolean().default(false).describe("Only counts."),
  limit: z.int().min(1).max(1000).default(100),
};
export const replayDeadLetters = z.strictObject(replayAsk);

export const replayCounts = z
  .object({
    matched: z.int().describe("Open dead letters that the filter finds, up to `limit`."),
    replayed: z.int(),
    skipped: z.int().describe("Matched, but the message went out in another way, has ended, or has expired."),
    more: z.boolean().describe("There may be more of them than `limit` lets through."),
    dry_run: z.boolean(),
  })
  .meta({ id: "ReplayCounts" });

const summary = {
  id: z.string(),
  project_id: z.string(),
  message_id: z.string(),
  delivery: z.int(),
  channel: z.enum(CHANNELS),
  code: z.string(),
  reason: z.string(),
  state: z.enum(DEAD_LETTER_STATES),
  created_at: timestamp.describe("When the delivery was given up."),
  resolved_at: timestamp.nullable().describe("When it was replayed or discarded."),
};

export const deadLetterSummary = z.object(summary).meta({ id: "DeadLetterSummary" });

export const deadLetterShape = z
  .object({
    ...summary,
    task: z.object({
      message_id: z.string(),
      delivery: z.int(),
      phase: z
        .enum(["held", "waiting", "sent", "failed", "unknown", "skipped"])
        .describe("`unknown`: it may have gone out; replaying it may double it."),
      attempts: z.array(attemptShape),
    }),
  })
  .meta({ id: "DeadLetter" });

export const replayedShape = z
  .object({
    replayed: z.boolean().describe("False where it had been replayed before: nothing was done now."),
    dead_letter: deadLetterShape,
  })
  .meta({ id: "Replayed" });
