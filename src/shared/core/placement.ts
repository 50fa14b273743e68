/** Where a tenant's things are: the one place that builds and reads these names. */
import { encode32 } from "./ids.ts";

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

/** 64 bits as 14 characters: two mixers of 32 bits, each ended as MurmurHash3 ends. Not for secrets. */
export function hash64(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 0x85ebca6b);
    b = Math.imul(b ^ c, 0xc2b2ae35);
    a ^= b >>> 15;
    b ^= a >>> 13;
  }
  return encode32(ended(a), 7) + encode32(ended(b ^ text.length), 7);
}

function ended(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The gate shard that owns an idempotency key. */
export function gateShardOf(key: string, gateShards: number): number {
  return hash32(key) % gateShards;
}

/** The message database, of those that a tenant has, that keeps the row of a dedupe key. */
export function dedupeShardOf(key: string, dbShards: readonly number[]): number {
  return dbShards[hash32(key) % dbShards.length] ?? -1;
}

/** Where a provider's callbacks about a connection come in, under the deployment's public URL. */
export function hookPath(channel: string, provider: string, connectionId: string): string {
  return `/hooks/${channel}/${provider}/${connectionId}`;
}

/** R2 key of an attachment. */
export function attachmentKey(tenantId: string, attachmentId: string): string {
  return `${tenantId}/attachments/${attachmentId}`;
}
