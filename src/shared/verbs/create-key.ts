/** Makes an API key. The key itself is in the answer only; the database keeps its hash. */
import { Fault } from "../core/faults.ts";
import { type Grantor, grantFlaw } from "../core/grants.ts";
import { newId, random32 } from "../core/ids.ts";
import type { Mode } from "../core/message.ts";
import type { Scope } from "../core/tenant.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type ApiKeyRow, keysOf } from "../db/control/keys.ts";
import { sha256Hex } from "./authenticate.ts";
import type { Actor, Deps } from "./deps.ts";

export interface NewKey {
  readonly name: string;
  readonly mode: Mode;
  readonly scopes: readonly Scope[];
  readonly expiresAt: number | null;
  readonly rateLimit: { readonly ratePerSecond: number; readonly burst: number } | null;
}

/** A fresh secret (`ck_live_` and 160 random bits) with the row that knows it by its hash. */
export async function mintKey(
  deps: Pick<Deps, "now" | "random">,
  input: NewKey,
): Promise<{ secret: string; row: Omit<ApiKeyRow, "tenantId" | "projectId"> }> {
  const now = deps.now();
  const secret = `ck_${input.mode}_${random32(deps.random, 32)}`;
  return {
    secret,
    row: {
      hash: await sha256Hex(secret),
      id: newId("key", now, deps.random),
      mode: input.mode,
      name: input.name,
      hint: secret.slice(0, 12),
      scopes: JSON.stringify(input.scopes),
      rateLimit: input.rateLimit === null ? null : JSON.stringify(input.rateLimit),
      createdAt: now,
      expiresAt: input.expiresAt,
      revokedAt: null,
      lastUsedAt: null,
      suspendedAt: null,
      suspendedReason: null,
    },
  };
}

/** Throws `forbidden` where the grantor may not hand out such a key. */
export function mustGrant(grantor: Grantor, key: { readonly mode: Mode; readonly scopes: readonly Scope[] }): void {
  const flaw = grantFlaw(grantor, key);
  if (flaw !== null) throw new Fault("forbidden", { detail: flaw });
}

export async function createKey(
  deps: Pick<Deps, "control" | "now" | "random">,
  actor: Actor,
  grantor: Grantor,
  input: NewKey,
): Promise<{ secret: string; row: ApiKeyRow }> {
  mustGrant(grantor, input);
  const { secret, row } = await mintKey(deps, input);
  await commit(deps.control, [
    keysOf(deps.control, actor).insert(row),
    auditRow(deps.control, actor, {
      id: newId("aud", row.createdAt, deps.random),
      at: row.createdAt,
      action: "key.created",
      target: row.id,
      details: { name: row.name, mode: row.mode, scopes: input.scopes },
    }),
  ]);
  return { secret, row: { ...row, tenantId: actor.tenantId, projectId: actor.projectId } };
}
