import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { deadLetterShape, deadLetterSummary } from "../../../../src/shared/contract/dead-letters.ts";
import type { DeadLetter, DeadLetterFilter } from "../../../../src/shared/core/dead-letter.ts";
import { attemptView } from "../messages/view.ts";

export function deadLetterLine(letter: DeadLetter): z.output<typeof deadLetterSummary> {
  return {
    id: letter.id,
    project_id: letter.projectId,
    message_id: letter.messageId,
    delivery: letter.delivery,
    channel: letter.channel,
    code: letter.code,
    reason: letter.reason,
    state: letter.state,
    created_at: iso(letter.createdAt),
    resolved_at: iso(letter.resolvedAt),
  };
}

export function deadLetterView(letter: DeadLetter): z.output<typeof deadLetterShape> {
  return { ...deadLetterLine(letter), task: { ...letter.task, attempts: letter.task.attempts.map(attemptView) } };
}

/** A filter as callers write it. */
export function filterOf({
  created_after,
  created_before,
  ...equal
}: Pick<DeadLetterFilter, "channel" | "code" | "state"> & {
  created_after?: string | undefined;
  created_before?: string | undefined;
}): DeadLetterFilter {
  return {
    ...equal,
    createdAfter: created_after === undefined ? undefined : Date.parse(created_after),
    createdBefore: created_before === undefined ? undefined : Date.parse(created_before),
  };
}
