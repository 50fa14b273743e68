/**
 * Which messages of a plan are duplicates (`dedupe_window_seconds`). Exact however often and at how many places a
 * plan runs: the first to take a key's row is the one that is sent, and its id in that row says so to itself as well.
 */
import { canonicalJson, contentText, sameText, suppressedBy, variablesText } from "../core/dedupe.ts";
import { parseMessageId } from "../core/ids.ts";
import type { Message, Order, Submission } from "../core/message.ts";
import { dedupeShardOf } from "../core/placement.ts";
import { commit } from "../db/commit.ts";
import { tenantShards } from "../db/control/tenants.ts";
import { type Claim, dedupesOf, type Owner } from "../db/messages/dedupes.ts";
import { sha256Hex } from "./authenticate.ts";
import type { Deps } from "./deps.ts";

/** Orders with a window, by the first id of their run. */
export type Windowed = ReadonlyMap<string, Order>;

export function windowedOrders(submissions: readonly Submission[]): Windowed {
  return new Map(submissions.flatMap(({ first, order }) => (order.dedupe_window_seconds === undefined ? [] : [[first, order]])));
}

/** The same messages in the same order, duplicates among them as `suppressed`. No I/O where no message has a window. */
export async function suppressDuplicates(
  deps: Pick<Deps, "control" | "shards">,
  tenantId: string,
  messages: readonly Message[],
  windowed: Windowed,
): Promise<readonly Message[]> {
  const claims = await claimsOf(messages, windowed);
  if (claims.length === 0) return messages;
  const shards = await tenantShards(deps.control, { tenantId });
  const byShard = new Map<number, Claim[]>();
  for (const claim of claims) {
    const shard = dedupeShardOf(claim.key, shards);
    const list = byShard.get(shard);
    if (list) list.push(claim);
    else byShard.set(shard, [claim]);
  }
  const found = await Promise.all([...byShard].map(([shard, mine]) => decide(deps, tenantId, shard, mine)));
  const owners = new Map(found.flat());
  return messages.map((message) => {
    const owner = owners.get(message.id);
    return owner ? suppressedBy(message, owner) : message;
  });
}

/**
 * As `suppressDuplicates` would find them at this moment, with nothing written: by the id of each duplicate, the message that
 * stands for it.
 */
export async function duplicatesNow(
  deps: Pick<Deps, "control" | "shards">,
  tenantId: string,
  messages: readonly Message[],
  windowed: Windowed,
): Promise<ReadonlyMap<string, Owner>> {
  const claims = await claimsOf(messages, windowed);
  if (claims.length === 0) return new Map();
  const shards = await tenantShards(deps.control, { tenantId });
  const byShard = Map.groupBy(claims, ({ key }) => dedupeShardOf(key, shards));
  const found = await Promise.all(
    [...byShard].map(async ([shard, mine]) => {
      const { results } = await dedupesIn(deps, tenantId, shard).owners(keysOf(mine)).all<Owner>();
      const owners = new Map(results.map((owner) => [owner.key, owner]));
      const standing = mine.flatMap((claim) => {
        const owner = owners.get(claim.key);
        return owner !== undefined && owner.until > claim.at ? [{ ...claim, owner }] : [];
      });
      const ended = new Set((await endedOf(deps, tenantId, standing)).flat());
      const held = new Map(standing.filter((d) => !ended.has(d.owner.messageId)).map((d) => [d.key, d.owner]));
      // Of several with one key, the first is sent and the others are duplicates of that one.
      const first = new Map(firstOfEach(mine).map((c) => [c.key, { key: c.key, messageId: c.messageId, until: c.until }]));
      return mine.flatMap(({ key, messageId }): [string, Owner][] => {
        const owner = held.get(key) ?? first.get(key);
        return owner === undefined || owner.messageId === messageId ? [] : [[messageId, owner]];
      });
    }),
  );
  return new Map(found.flat());
}

/** A claim for each message that has a window and is on its way. */
async function claimsOf(messages: readonly Message[], windowed: Windowed): Promise<Claim[]> {
  const hashes = new Map<string, Promise<string>>();
  /** Once a run, however many recipients it has. */
  const once = (slot: string, text: () => string): Promise<string> => {
    const known = hashes.get(slot) ?? sha256Hex(text());
    hashes.set(slot, known);
    return known;
  };
  const shared = new Map<string, string>();
  const claims = await Promise.all(
    messages.map(async (message): Promise<Claim[]> => {
      const run = message.orderRef ?? message.id;
      const order = windowed.get(run);
      const seconds = order?.dedupe_window_seconds;
      if (order === undefined || seconds === undefined || message.status !== "queued") return [];
      const common = shared.get(run) ?? canonicalJson(order.variables ?? {});
      shared.set(run, common);
      const [content, variables] = await Promise.all([
        once(`${run} ${message.channel}`, () => contentText(order, message.channel)),
        message.variables === null
          ? once(run, () => common)
          : sha256Hex(variablesText(common, order.variables, message.variables)),
      ]);
      const key = await sha256Hex(sameText(message, content, variables));
      return [{ key, messageId: message.id, at: message.dueAt, until: message.dueAt + seconds * 1000 }];
    }),
  );
  return claims.flat();
}

/** The duplicates among the claims on one database, each with the message that stands for it. */
async function decide(
  deps: Pick<Deps, "shards">,
  tenantId: string,
  shard: number,
  claims: readonly Claim[],
): Promise<[string, Owner][]> {
  const dedupes = dedupesIn(deps, tenantId, shard);
  const duplicates: (Claim & { readonly owner: Owner })[] = [];
  // A round decides at least the first claim on every key; another is needed only where a window ends within a plan.
  for (let open = claims; open.length > 0; ) {
    const firsts = firstOfEach(open);
    const owners = await ownersAfter(deps, shard, dedupes.claim(firsts), dedupes.owners(keysOf(firsts)));
    const later: Claim[] = [];
    for (const claim of open) {
      const owner = owners.get(claim.key);
      if (!owner) throw new Error(`nobody has the key ${claim.key} that was just claimed`);
      if (owner.messageId === claim.messageId) continue;
      if (owner.until > claim.at) duplicates.push({ ...claim, owner });
      else later.push(claim);
    }
    open = later;
  }
  return duplicates.length === 0 ? [] : freeEnded(deps, tenantId, shard, duplicates);
}

/** A first message that failed, expired or was cancelled does not keep the next from going out in its place. */
async function freeEnded(
  deps: Pick<Deps, "shards">,
  tenantId: string,
  shard: number,
  duplicates: readonly (Claim & { readonly owner: Owner })[],
): Promise<[string, Owner][]> {
  const stays = duplicates.map((d): [string, Owner] => [d.messageId, d.owner]);
  const ended = new Set((await endedOf(deps, tenantId, duplicates)).flat());
  const free = duplicates.filter((d) => ended.has(d.owner.messageId));
  if (free.length === 0) return stays;

  const dedupes = dedupesIn(deps, tenantId, shard);
  const heirs = firstOfEach(free).map((d) => ({ ...d, from: d.owner.messageId }));
  const owners = await ownersAfter(deps, shard, dedupes.takeOver(heirs), dedupes.owners(keysOf(heirs)));
  return stays.flatMap(([messageId, owner]): [string, Owner][] => {
    const now = owners.get(owner.key) ?? owner;
    return now.messageId === messageId ? [] : [[messageId, now]];
  });
}

/** Which of the owners came to an end and did not go out, by database. */
function endedOf(
  deps: Pick<Deps, "shards">,
  tenantId: string,
  duplicates: readonly { readonly owner: Owner }[],
): Promise<string[][]> {
  const byShard = new Map<number, Set<string>>();
  for (const { owner } of duplicates) {
    const at = parseMessageId(owner.messageId)?.dbShard ?? -1;
    byShard.set(at, (byShard.get(at) ?? new Set()).add(owner.messageId));
  }
  return Promise.all([...byShard].map(([at, ids]) => dedupesIn(deps, tenantId, at).ended([...ids])));
}

function dedupesIn(deps: Pick<Deps, "shards">, tenantId: string, shard: number) {
  return dedupesOf(databaseOf(deps, shard), { tenantId });
}

function databaseOf({ shards }: Pick<Deps, "shards">, shard: number): D1Database {
  const db = shards[shard];
  if (!db) throw new Error(`there is no message database ${shard}`);
  return db;
}

async function ownersAfter(
  deps: Pick<Deps, "shards">,
  shard: number,
  write: D1PreparedStatement,
  read: D1PreparedStatement,
): Promise<ReadonlyMap<string, Owner>> {
  const [, result] = await commit(databaseOf(deps, shard), [write, read]);
  return new Map(((result?.results ?? []) as unknown as Owner[]).map((owner) => [owner.key, owner]));
}

function firstOfEach<C extends Claim>(claims: readonly C[]): C[] {
  const firsts = new Map<string, C>();
  for (const claim of claims) if (!firsts.has(claim.key)) firsts.set(claim.key, claim);
  return [...firsts.values()];
}

function keysOf(claims: readonly Claim[]): string[] {
  return claims.map((claim) => claim.key);
}
