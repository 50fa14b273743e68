/** The bells of packs in one message database. */
import type { Ringer } from "../ports/ringer.ts";

type Bells = Parameters<Ringer["ring"]>[0];
type Rung = Pick<Bells[number], "channel" | "lane"> & { readonly id: string };

/** Rung at once, unless `delaySeconds` says otherwise. */
export function bellsOf<P extends Rung>(
  tenantId: string,
  shard: number,
  packs: readonly P[],
  delaySeconds: (pack: P) => number = () => 0,
): Bells {
  return packs.map((pack) => ({
    v: 1,
    tenant: tenantId,
    shard,
    pack: pack.id,
    channel: pack.channel,
    lane: pack.lane,
    delaySeconds: delaySeconds(pack),
  }));
}
