import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { callbackShape, webhookShape } from "../../../../src/shared/contract/webhooks.ts";
import type { CallbackAttempt } from "../../../../src/shared/core/callback.ts";
import type { WebhookRow } from "../../../../src/shared/db/control/webhooks.ts";
import type { Callback } from "../../../../src/shared/db/messages/callback-log.ts";
import { keysView } from "./keys-view.ts";

export function webhookView(row: WebhookRow): z.output<typeof webhookShape> {
  return {
    id: row.id,
    project_id: row.projectId,
    url: row.url,
    events: JSON.parse(row.events) as string[],
    description: row.description,
    enabled: row.enabled,
    failing_since: iso(row.failingSince),
    disabled_at: iso(row.disabledAt),
    // endpoint-standing.ts writes no other.
    disabled_reason: row.disabledReason as "gone" | "failing" | null,
    keys: keysView(row.keys),
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
  };
}

export function callbackView(callback: Callback): z.output<typeof callbackShape> {
  return {
    id: callback.id,
    type: callback.type,
    message_id: callback.messageId,
    url: callback.url,
    state: callback.state,
    reason: callback.reason,
    attempts: callback.attempts.map(attemptView),
    next_attempt_at: iso(callback.nextAt),
    updated_at: iso(callback.updatedAt),
  };
}

export function attemptView({ at, ms, status, error, response }: CallbackAttempt) {
  return { at: iso(at), duration_ms: ms, status, error, response };
}
