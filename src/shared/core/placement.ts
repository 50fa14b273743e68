/** Where a tenant's things are: the one place that builds and reads these names. */

/** Name of a gate object: the tenant and the shard. */
export function gateName(tenantId: string, gateShard: number): string {
  return `${tenantId}#${gateShard}`;
}

export function parseGateName(name: string): { tenantId: string; gateShard: number } {
  const cut = name.lastIndexOf("#");
  const gateShard = Number(name.slice(cut + 1));
  if (cut < 1 || !Number.isInteger(gateShard)) throw new Error(`not the name of a gate: ${name}`);
  return { tenantId: name.slice(0, cut), gateShard };
}

/** FNV-1a, 32 bits: spreads keys over gate shards. Not for secrets. */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** The gate shard that owns an idempotency key. */
export function gateShardOf(key: string, gateShards: number): number {
  return hash32(key) % gateShards;
}

/** R2 key of an attachment. */
export function attachmentKey(tenantId: string, attachmentId: string): string {
  return `${tenantId}/attachments/${attachmentId}`;
}
