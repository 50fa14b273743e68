/** Who holds this key. */
import { Fault } from "../core/faults.ts";
import { type Caller, DEFAULT_LIMITS, parseSettings, type Scope } from "../core/tenant.ts";
import { findKeyOwner } from "../db/control/keys.ts";
import type { Deps } from "./deps.ts";

const KEY = /^ck_(live|test)_[0-9A-Za-z]{32,}$/;
const CACHE_MS = 30_000;
const CACHE_LIMIT = 10_000;

const cache = new Map<string, { caller: Caller; until: number }>();
/** Moves whenever callers are forgotten, so that what was read before that is not kept after it. */
let forgotten = 0;

/** The next request of each key of this tenant reads again. In this isolate: others keep theirs for up to 30 s. */
export function forgetCallers(tenantId: string): void {
  forgotten += 1;
  for (const [token, { caller }] of cache) if (caller.tenantId === tenantId) cache.delete(token);
}

/** Reads `Authorization: Bearer ck_…`. */
export function bearer(header: string | null): string {
  const token = header?.match(/^Bearer +(\S+)$/i)?.[1];
  if (!token) throw new Fault("unauthenticated", { detail: "Send `Authorization: Bearer <key>`." });
  return token;
}

/**
 * The caller behind a key. With `cached`, an answer up to 30 s old will do: only for routes whose gate
 * refuses revoked and suspended keys by itself.
 */
export async function authenticate(deps: Pick<Deps, "control" | "now">, token: string, cached: boolean): Promise<Caller> {
  const now = deps.now();
  if (cached) {
    const known = cache.get(token);
    if (known && known.until > now) return unexpired(known.caller, now);
  }
  if (!KEY.test(token)) throw new Fault("unauthenticated");
  const before = forgotten;
  const owner = await findKeyOwner(deps.control, await sha256Hex(token));
  if (!owner) throw new Fault("unauthenticated");
  if (owner.key.revokedAt !== null) {
    cache.delete(token);
    throw new Fault("key_revoked");
  }
  if (owner.key.suspendedAt !== null) {
    cache.delete(token);
    throw new Fault("key_suspended");
  }
  if (owner.tenant.status !== "active") throw new Fault("forbidden", { detail: "This tenant is suspended." });
  const { key, tenant } = owner;
  const caller: Caller = {
    keyId: key.id,
    tenantId: tenant.id,
    projectId: key.projectId,
    mode: key.mode,
    scopes: JSON.parse(key.scopes) as Scope[],
    expiresAt: key.expiresAt,
    lastUsedAt: key.lastUsedAt,
    keyLimit: key.rateLimit === null ? null : (JSON.parse(key.rateLimit) as Caller["keyLimit"]),
    limits: { ...DEFAULT_LIMITS, ...(JSON.parse(tenant.limits) as object) },
    project: parseSettings(owner.settings),
    dbShards: JSON.parse(tenant.dbShards) as number[],
    gateShards: tenant.gateShards,
  };
  if (cache.size >= CACHE_LIMIT) cache.clear();
  if (before === forgotten) cache.set(token, { caller, until: now + CACHE_MS });
  return unexpired(caller, now);
}

function unexpired(caller: Caller, now: number): Caller {
  if (caller.expiresAt !== null && caller.expiresAt <= now) throw new Fault("key_expired");
  return caller;
}

export async function sha256Hex(data: string | Uint8Array): Promise<string> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
