/**
 * POST: claim → compose → sign → one post → settle. A claim with a lease is durable before the first post, what came of it
 * before the bell is done with; whoever dies between leaves the pack to the sweep. Each pack is of one endpoint, and is
 * settled by itself, so that none waits for another.
 */
import type { Bell } from "../contract/jobs.ts";
import { giveUpPost, KEPT_MS, lowestCallbackId, type PostAnswer, type Settled, settlePost } from "../core/callback.ts";
import { newId } from "../core/ids.ts";
import type { Signer } from "../core/webhook-signature.ts";
import { commit } from "../db/commit.ts";
import { pruneCallbacks } from "../db/messages/callback-log.ts";
import { attemptsOf, type CallbackPack, type ClaimedCallback, callbackPacksOf } from "../db/messages/callback-packs.ts";
import { type Addressee, addresseeOf, forgetAddressee, signersOf } from "./addressees.ts";
import { keepWatch, ringCallbacks } from "./call-back.ts";
import { composeCallback } from "./compose-callback.ts";
import type { Deps } from "./deps.ts";
import { enter } from "./endpoint-pace.ts";
import { noteStanding } from "./endpoint-standing.ts";
import type { Lanes } from "./lanes.ts";
import { addressFlaw, postOnce } from "./post-once.ts";

export type PostDeps = Pick<
  Deps,
  | "now"
  | "random"
  | "log"
  | "control"
  | "shards"
  | "unsealer"
  | "carrier"
  | "callbackBells"
  | "gate"
  | "timing"
  | "allowPrivateEndpoints"
>;

/** No post is started later than this after the claim: with its timeout it ends well before the lease, and before an invocation must. */
const START_WITHIN_MS = 10_000;

/** What is held: one pack. */
interface Hold {
  readonly tenantId: string;
  readonly shard: number;
  readonly db: D1Database;
  readonly pack: string;
  readonly lease: string;
  readonly startUntil: number;
}

/** What came of one callback; null where there was nothing to do. `again` without a settlement uses up no try. */
interface Done {
  readonly row: ClaimedCallback;
  readonly settled: Settled | null;
  readonly answer: PostAnswer | null;
  readonly again: number | null;
}

/** A claimed pack: who it is for, and what it holds. */
export interface HeldPack {
  readonly hold: Hold;
  readonly rows: readonly ClaimedCallback[];
  /** Null where the endpoint is gone. */
  readonly to: Addressee | null;
}

/** Takes the packs that these bells ring for. Throws where a database failed: ring again. */
export async function claimCallbacks(
  deps: PostDeps,
  tenantId: string,
  shard: number,
  bells: readonly Bell[],
): Promise<HeldPack[]> {
  const db = deps.shards[shard];
  if (!db) throw new Error(`there is no message database ${shard}`);
  const packs = callbackPacksOf(db, { tenantId });
  const lease = newId("lse", deps.now(), deps.random);
  const ids = [...new Set(bells.map(({ pack }) => pack))];
  const claimedAt = deps.now();
  const [, taken] = await commit(db, [
    packs.claim(ids, lease, claimedAt, claimedAt + deps.timing.leaseMs),
    packs.claimed(ids, lease),
  ]);
  const byPack = new Map<string, ClaimedCallback[]>();
  for (const row of (taken?.results ?? []) as unknown as ClaimedCallback[]) {
    const rows = byPack.get(row.pack);
    if (rows) rows.push(row);
    else byPack.set(row.pack, [row]);
  }
  const startUntil = claimedAt + Math.min(START_WITHIN_MS, deps.timing.startWithinMs);
  return Promise.all(
    [...byPack].map(async ([pack, rows]) => ({
      hold: { tenantId, shard, db, pack, lease, startUntil },
      rows,
      to: await standingAddressee(deps, tenantId, rows[0]?.endpoint_id ?? ""),
    })),
  );
}

/** One that is gone or disabled is looked at again before anything is given up for it: it may be back for some seconds. */
async function standingAddressee(deps: PostDeps, tenantId: string, endpointId: string): Promise<Addressee | null> {
  const known = await addresseeOf(deps, tenantId, endpointId);
  if (known?.isEnabled) return known;
  forgetAddressee(tenantId, endpointId);
  return addresseeOf(deps, tenantId, endpointId);
}

/** Who the callbacks of a pack go to: each of them gets lanes of its own. */
export function namesOf({ rows, to }: HeldPack): string[] {
  return to === null ? [] : rows.map((row) => nameOf(row, to));
}

/** An endpoint's id; the origin where each callback has its own address. */
function nameOf(row: ClaimedCallback, to: Addressee): string {
  return to.url === null ? `${to.id} ${URL.parse(row.url ?? "")?.origin ?? ""}` : to.id;
}

/** Posts what a pack holds, and settles it. `lanesOf`: how many posts are under way, by who they go to. */
export async function postPack(deps: PostDeps, { hold, rows, to }: HeldPack, lanesOf: (name: string) => Lanes): Promise<void> {
  const signers = to?.isEnabled ? await signersOf(deps, to) : [];
  const done = await Promise.all(rows.map((row) => postRow(deps, hold, row, to && { ...to, signers }, lanesOf)));
  await settle(deps, hold, done);
  if (to !== null) await noteStanding(deps, hold, to, answersOf(done));
}

function answersOf(done: readonly Done[]) {
  return done.flatMap(({ answer, settled }) => (answer === null || settled === null ? [] : [{ answer, tries: settled.tries }]));
}

async function postRow(
  deps: PostDeps,
  hold: Hold,
  row: ClaimedCallback,
  to: (Addressee & { readonly signers: readonly Signer[] }) | null,
  lanesOf: (name: string) => Lanes,
): Promise<Done> {
  const nothing: Done = { row, settled: null, answer: null, again: null };
  if (row.id === null || row.state !== "pending") return nothing;
  const before = { tries: row.tries, attempts: attemptsOf(row) };
  const giveUp = (reason: Parameters<typeof giveUpPost>[1]): Done => ({ ...nothing, settled: giveUpPost(before, reason) });
  if (to === null) return giveUp("endpoint_deleted");
  if (!to.isEnabled) return giveUp("endpoint_disabled");
  const url = row.url ?? to.url;
  if (url === null || addressFlaw(url, deps.allowPrivateEndpoints) !== null) return giveUp("address_refused");
  if (to.signers.length === 0) return giveUp("no_secret");

  const { id } = row;
  const name = nameOf(row, to);
  return lanesOf(name)(async () => {
    const startedAt = deps.now();
    if (startedAt >= hold.startUntil) return { ...nothing, again: startedAt };
    const entry = enter(deps, hold.tenantId, name);
    if (entry.kind === "wait") return { ...nothing, again: entry.until };
    let answer: PostAnswer | null = null;
    try {
      answer = await postOnce(deps, to.signers, { url, id, body: composeCallback(row, id) });
    } catch (error) {
      // A fault of ours uses up no try, and takes nothing from its neighbours.
      deps.log({ level: "error", event: "callback_faulty", tenant_id: hold.tenantId, callback_id: id, error: String(error) });
      return { ...nothing, again: deps.now() + deps.timing.faultWaitMs };
    } finally {
      entry.leave(answer);
    }
    const now = deps.now();
    const settled = settlePost({ ...before, answer, startedAt, now, random: chance(deps) });
    return { row, settled, answer, again: settled.nextAt };
  });
}

/** In [0, 1). */
function chance({ random }: Pick<Deps, "random">): number {
  return (random(1)[0] ?? 0) / 256;
}

/** One batch: what is tried again, what came of the others, and the end of the pack. */
async function settle(deps: PostDeps, hold: Hold, done: readonly Done[]): Promise<void> {
  const { tenantId, shard, db, pack, lease } = hold;
  const now = deps.now();
  const packs = callbackPacksOf(db, { tenantId });
  const later = packAgain(deps, done);
  const rows = done.flatMap(({ row, settled }) =>
    settled === null || row.id === null ? [] : [{ endpointId: row.endpoint_id, id: row.id, settled }],
  );
  await commit(db, [
    ...(later.length > 0 ? [packs.insertAgain(later, pack, lease)] : []),
    ...(rows.length > 0 ? [packs.settle(rows, pack, lease, now)] : []),
    packs.finish(pack, lease),
    pruneCallbacks(db, { tenantId }, lowestCallbackId(now - KEPT_MS)),
  ]);
  if (later.length === 0) return;
  for (const { id, dueAt } of later) await ringCallbacks(deps, { tenantId, shard }, [id], (dueAt - now) / 1000);
  await keepWatch(deps, tenantId);
}

/** What is tried again, packed by second, so that neighbours that fail together come back together. */
function packAgain(deps: PostDeps, done: readonly Done[]): CallbackPack[] {
  const packs = new Map<number, CallbackPack & { readonly refs: string[] }>();
  for (const { row, again } of done) {
    if (again === null || row.id === null) continue;
    const dueAt = Math.ceil(again / 1000) * 1000;
    const known = packs.get(dueAt);
    if (known) known.refs.push(row.id);
    else packs.set(dueAt, { id: newId("cpk", deps.now(), deps.random), endpointId: row.endpoint_id, refs: [row.id], dueAt });
  }
  return [...packs.values()];
}
