/** A new key that signs callbacks, of an endpoint or of a project; the one before signs beside it for a while. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { type KeptKey, rotated } from "../core/signing-keys.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { callbackKeysOf, webhooksOf } from "../db/control/webhooks.ts";
import { announceEndpoint } from "./announce-endpoint.ts";
import type { Actor, Deps } from "./deps.ts";
import { mintKeptKey } from "./mint-kept-key.ts";

type RotateDeps = Pick<Deps, "control" | "now" | "random" | "webhookSealer" | "desk" | "postman" | "log">;

export interface NewSigningKey {
  /** `whsec_…`, in this answer only. */
  readonly secret: string;
  /** JSON array of KeptKey, as it is stored now. */
  readonly keys: string;
}

export async function rotateWebhookSecret(
  deps: RotateDeps,
  actor: Actor,
  id: string,
  overlapSeconds: number,
): Promise<NewSigningKey> {
  const webhooks = webhooksOf(deps.control, actor);
  const row = await webhooks.get(id);
  if (!row) throw new Fault("not_found");
  const replace = (keys: readonly KeptKey[]) => webhooks.replaceKeys(id, row.keys, keys, Math.max(deps.now(), row.updatedAt + 1));
  return rotate(deps, actor, { target: id, before: row.keys, replace, action: "webhook.secret_rotated" }, overlapSeconds);
}

/** `projectId`: any project of the actor's tenant. */
export async function rotateCallbackSecret(
  deps: RotateDeps,
  actor: Actor,
  projectId: string,
  overlapSeconds: number,
): Promise<NewSigningKey> {
  const owner = { ...actor, projectId };
  const keys = callbackKeysOf(deps.control, owner);
  const before = await keys.get();
  if (before === undefined) throw new Fault("not_found");
  const replace = (after: readonly KeptKey[]) => keys.replace(before, after);
  return rotate(deps, owner, { target: projectId, before, replace, action: "project.callback_secret_rotated" }, overlapSeconds);
}

interface Rotation {
  readonly target: string;
  readonly before: string;
  readonly replace: (keys: readonly KeptKey[]) => D1PreparedStatement;
  readonly action: string;
}

async function rotate(
  deps: RotateDeps,
  actor: Actor,
  { target, before, replace, action }: Rotation,
  overlapSeconds: number,
): Promise<NewSigningKey> {
  const { secret, kept } = await mintKeptKey(deps);
  const now = deps.now();
  const keys = rotated(JSON.parse(before) as KeptKey[], kept, now, overlapSeconds * 1000);
  const entry = { id: newId("aud", now, deps.random), at: now, action, target, details: { overlap_seconds: overlapSeconds } };
  const [replaced] = await commit(deps.control, [replace(keys), auditRow(deps.control, actor, entry)]);
  if (replaced?.meta.changes === 0) throw new Fault("conflict", { detail: "Somebody else rotated it at the same time." });
  await announceEndpoint(deps, actor, target);
  return { secret, keys: JSON.stringify(keys) };
}
