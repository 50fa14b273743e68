/** Connections as their callbacks need them: who they are, and what verifies what is said in their name. */
import { Lru } from "../core/lru.ts";
import { type HookConnectionRow, hookConnection } from "../db/control/hook-connections.ts";
import type { Callbacks } from "../providers/provider.ts";
import { providerOf } from "../providers/registry.ts";
import type { Deps } from "./deps.ts";

/** Where a callback came in. */
export interface HookPlace {
  readonly channel: string;
  readonly provider: string;
  readonly connectionId: string;
}

export interface HookAccount extends Omit<HookConnectionRow, "verification"> {
  readonly callbacks: Callbacks;
  /** As `callbacks.read` takes it; null where the connection has none. */
  readonly verification: unknown;
}

const CACHE_MS = 30_000;
const CACHE_LIMIT = 10_000;

/** Resolved values only: a promise of one invocation must not be awaited by another (workerd forbids it). */
const cache = new Lru<{ readonly account: HookAccount | null; readonly until: number }>({ maxEntries: CACHE_LIMIT });

/** At most 30 s old. Null where nothing at this place calls back. Throws where its secret cannot be opened. */
export async function hookAccount(
  deps: Pick<Deps, "control" | "unsealer" | "now">,
  place: HookPlace,
): Promise<HookAccount | null> {
  const key = `${place.channel}/${place.provider}/${place.connectionId}`;
  const known = cache.get(key);
  if (known && known.until > deps.now()) return known.account;
  const account = await readAccount(deps, place);
  cache.set(key, { account, until: deps.now() + CACHE_MS });
  return account;
}

async function readAccount(
  deps: Pick<Deps, "control" | "unsealer">,
  { channel, provider: providerId, connectionId }: HookPlace,
): Promise<HookAccount | null> {
  const provider = providerOf(providerId);
  const callbacks = provider?.kind === "http" ? provider.callbacks : undefined;
  if (!callbacks) return null;
  const row = await hookConnection(deps.control, connectionId);
  if (row?.channel !== channel || row.provider !== providerId) return null;
  // The seal was made of what the same schema let in; one that has changed since says so, and is set anew.
  const verification =
    row.verification === null ? null : callbacks.verification.parse(await deps.unsealer.unseal(row.verification));
  return { ...row, callbacks, verification };
}
