/** `last_used_at` of keys on the routes that do not pass a gate. (A gate notes its own: durable-objects/tenant-gate.) */
import { Lru } from "../core/lru.ts";
import type { Caller } from "../core/tenant.ts";
import type { Deps } from "./deps.ts";
import { touchKeys } from "./touch-keys.ts";

const EVERY_MS = 60_000;
/** When this isolate last noted each key, so that a burst of requests writes once. */
const noted = new Lru<number>({ maxEntries: 10_000 });

/** The write that has to be made, or null where the last one is not a minute old. Never rejects: it is not worth a request. */
export function noteKeyUse(
  deps: Pick<Deps, "control" | "now" | "log">,
  { tenantId, keyId, lastUsedAt }: Pick<Caller, "tenantId" | "keyId" | "lastUsedAt">,
): Promise<void> | null {
  const now = deps.now();
  const entry = `${tenantId}/${keyId}`;
  const last = Math.max(lastUsedAt ?? 0, noted.get(entry) ?? 0);
  if (now - last < EVERY_MS) return null;
  noted.set(entry, now);
  return touchKeys(deps, tenantId, { [keyId]: now }).catch((error: unknown) => {
    noted.delete(entry);
    deps.log({ level: "warn", event: "key_use_not_noted", tenant_id: tenantId, key_id: keyId, error: String(error) });
  });
}
