/** Endpoints as whoever posts to them needs them: where, signed with what, and whether at all. */
import { Lru } from "../core/lru.ts";
import { type KeptKey, signingAt } from "../core/signing-keys.ts";
import { type Signer, signerOf } from "../core/webhook-signature.ts";
import { callbackKeysOf, tenantWebhooks } from "../db/control/webhooks.ts";
import type { Deps } from "./deps.ts";

export interface Addressee {
  /** `whk_…`, or the project's id for what each message names itself. */
  readonly id: string;
  readonly projectId: string;
  /** Null where each callback has its own. */
  readonly url: string | null;
  readonly isEnabled: boolean;
  /** Null for a project. */
  readonly failing: Failing | null;
  readonly keys: readonly KeptKey[];
}

/** Since when nothing but failure came back; changed where it is kept, so that this isolate knows at once. */
export interface Failing {
  since: number | null;
}

const CACHE_MS = 10_000;
const cache = new Lru<{ readonly addressee: Addressee | null; readonly until: number }>({ maxEntries: 2000 });
/** By the sealed key: what it opens to never changes. */
const signers = new Lru<Signer>({ maxEntries: 2000 });

/** At most 10 s old; null where there is no such endpoint. */
export async function addresseeOf(
  deps: Pick<Deps, "control" | "now">,
  tenantId: string,
  endpointId: string,
): Promise<Addressee | null> {
  const slot = `${tenantId}/${endpointId}`;
  const now = deps.now();
  const known = cache.get(slot);
  if (known && known.until > now) return known.addressee;
  const addressee = endpointId.startsWith("prj_")
    ? await projectOf(deps, tenantId, endpointId)
    : await endpointOf(deps, tenantId, endpointId);
  cache.set(slot, { addressee, until: now + CACHE_MS });
  return addressee;
}

/** The next `addresseeOf` of this endpoint reads again. */
export function forgetAddressee(tenantId: string, endpointId: string): void {
  cache.delete(`${tenantId}/${endpointId}`);
}

async function projectOf(deps: Pick<Deps, "control">, tenantId: string, projectId: string): Promise<Addressee | null> {
  const keys = await callbackKeysOf(deps.control, { tenantId, projectId }).get();
  return keys === undefined
    ? null
    : { id: projectId, projectId, url: null, isEnabled: true, failing: null, keys: JSON.parse(keys) as KeptKey[] };
}

async function endpointOf(deps: Pick<Deps, "control">, tenantId: string, id: string): Promise<Addressee | null> {
  const row = await tenantWebhooks(deps.control, { tenantId }).endpoint(id);
  if (!row) return null;
  const { projectId, url, enabled, failingSince } = row;
  const keys = JSON.parse(row.keys) as KeptKey[];
  return { id, projectId, url, isEnabled: enabled === 1, failing: { since: failingSince }, keys };
}

/** Who signs for it at this moment; none where it has no key. */
export async function signersOf(deps: Pick<Deps, "unsealer" | "now">, { keys }: Pick<Addressee, "keys">): Promise<Signer[]> {
  return Promise.all(
    signingAt(keys, deps.now()).map(async ({ sealed }) => {
      const known = signers.get(sealed);
      if (known) return known;
      // What mint-kept-key.ts sealed.
      const signer = await signerOf((await deps.unsealer.unseal(sealed)) as Parameters<typeof signerOf>[0]);
      signers.set(sealed, signer);
      return signer;
    }),
  );
}
