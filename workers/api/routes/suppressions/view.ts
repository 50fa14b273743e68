import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { suppressionShape } from "../../../../src/shared/contract/suppressions.ts";
import type { Suppression } from "../../../../src/shared/core/suppression.ts";

export function suppressionView(row: Suppression): z.output<typeof suppressionShape> {
  return {
    channel: row.channel,
    destination: row.destination,
    reason: row.reason,
    source: row.source,
    project_id: row.projectId,
    message_id: row.messageId,
    created_at: iso(row.createdAt),
    expires_at: iso(row.expiresAt),
  };
}
