import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { keyShape } from "../../../../src/shared/contract/keys.ts";
import type { Scope } from "../../../../src/shared/core/tenant.ts";
import type { ApiKeyRow } from "../../../../src/shared/db/control/keys.ts";

export function keyView(row: ApiKeyRow): z.output<typeof keyShape> {
  return {
    id: row.id,
    project_id: row.projectId,
    name: row.name,
    mode: row.mode,
    hint: row.hint,
    scopes: JSON.parse(row.scopes) as Scope[],
    created_at: iso(row.createdAt),
    expires_at: iso(row.expiresAt),
    revoked_at: iso(row.revokedAt),
    last_used_at: iso(row.lastUsedAt),
    suspended_at: iso(row.suspendedAt),
    suspended_reason: row.suspendedReason,
  };
}
