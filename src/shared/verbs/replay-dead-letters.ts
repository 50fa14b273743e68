/** Puts dead letters back on their way, once each, however often it is asked. */
import { type Lane, laneOf } from "../core/channels.ts";
import type { DeadLetter, DeadLetterFilter } from "../core/dead-letter.ts";
import { parseDeadLetterId } from "../core/dead-letter.ts";
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { deadLettersOf, type LetterScope } from "../db/messages/dead-letters.ts";
import { mergePages } from "../db/messages/pages.ts";
import { type ReplayPack, replayOf } from "../db/messages/replay.ts";
import { bellsOf } from "./bells.ts";
import type { Deps } from "./deps.ts";

const PACK_LETTERS = 50;

type ReplayDeps = Pick<Deps, "now" | "random" | "control" | "shards" | "ringer" | "gate" | "log">;
type ReplayActor = {
  readonly tenantId: string;
  readonly projectId: string | null;
  readonly name: string;
  readonly requestId: string;
};

/** `replayed: false`: it had been replayed before, and nothing was done. */
export async function replayDeadLetter(
  deps: ReplayDeps,
  actor: ReplayActor,
  id: string,
): Promise<{ letter: DeadLetter; replayed: boolean }> {
  const db = deps.shards[parseDeadLetterId(id)?.dbShard ?? -1];
  if (!db) throw new Fault("not_found");
  const letters = deadLettersOf(db, actor);
  const letter = await letters.get(id);
  if (!letter) throw new Fault("not_found");
  const done = letter.state === "open" ? await replayAll(deps, actor, [letter]) : 0;
  const after = (await letters.get(id)) ?? letter;
  if (after.state !== "replayed") {
    const why =
      after.state === "discarded"
        ? "The dead letter was discarded."
        : "Its message has been delivered, has ended, or has expired.";
    throw new Fault("conflict", { detail: why });
  }
  return { letter: after, replayed: done === 1 };
}

export interface ReplayCounts {
  /** Open letters that the filter finds, up to `limit`. */
  readonly matched: number;
  readonly replayed: number;
  /** Matched, but their message went out in another way, ended, or outlived its time. */
  readonly skipped: number;
  /** Whether there may be more than `limit` let through. */
  readonly more: boolean;
}

export async function replayDeadLetters(
  deps: ReplayDeps,
  actor: ReplayActor,
  dbShards: readonly number[],
  ask: { readonly filter: Omit<DeadLetterFilter, "state">; readonly dryRun: boolean; readonly limit: number },
): Promise<ReplayCounts> {
  const { found, more } = await matching(deps, actor, dbShards, ask.filter, ask.limit);
  const replayed = ask.dryRun ? 0 : await replayAll(deps, actor, found);
  return { matched: found.length, replayed, skipped: ask.dryRun ? 0 : found.length - replayed, more };
}

async function matching(
  deps: ReplayDeps,
  scope: LetterScope,
  dbShards: readonly number[],
  filter: Omit<DeadLetterFilter, "state">,
  limit: number,
): Promise<{ found: readonly DeadLetter[]; more: boolean }> {
  const pages = await Promise.all(
    dbShards.flatMap((shard) => {
      const db = deps.shards[shard];
      return db ? [deadLettersOf(db, scope).list({ ...filter, state: "open" }, null, limit + 1)] : [];
    }),
  );
  const page = mergePages(pages, limit);
  return { found: page.rows, more: page.floor !== null };
}

/** How many of the letters were put back. Each database's part is one batch. */
async function replayAll(deps: ReplayDeps, actor: ReplayActor, letters: readonly DeadLetter[]): Promise<number> {
  let replayed = 0;
  for (const [shard, mine] of groupBy(letters, (l) => parseDeadLetterId(l.id)?.dbShard ?? -1)) {
    const db = deps.shards[shard];
    if (!db) throw new Error(`there is no message database ${shard}`);
    for (const round of rounds(mine)) replayed += await replayShard(deps, actor, { db, shard, letters: round });
  }
  if (replayed > 0) {
    const now = deps.now();
    // The data plane's databases cannot share a transaction with the control plane's: the log follows.
    await commit(deps.control, [
      auditRow(deps.control, actor, {
        id: newId("aud", now, deps.random),
        at: now,
        action: "dead_letter.replayed",
        target: letters.length === 1 ? (letters[0]?.id ?? "") : "many",
        details: { asked: letters.length, replayed },
      }),
    ]);
  }
  return replayed;
}

async function replayShard(
  deps: ReplayDeps,
  actor: ReplayActor,
  { db, shard, letters }: { db: D1Database; shard: number; letters: readonly DeadLetter[] },
): Promise<number> {
  const repository = replayOf(db, actor);
  const now = deps.now();
  const priorities = await repository.priorities(letters.map((l) => l.messageId));
  const packs = packUp(deps, letters, now, (l) => laneOf(priorities.get(l.messageId) ?? "normal"));
  const [made, resolved] = await commit(db, repository.statements(packs, now));
  const ids = new Set((made?.results ?? []).map((row) => (row as { id: string }).id));
  await ring(
    deps,
    actor.tenantId,
    shard,
    packs.filter((p) => ids.has(p.id)),
  );
  return resolved?.results.length ?? 0;
}

/** The packs stand, so a bell that cannot be rung is left to the sweep, which a watching gate goes on with. */
async function ring(deps: ReplayDeps, tenantId: string, shard: number, packs: readonly ReplayPack[]): Promise<void> {
  if (packs.length === 0) return;
  const results = await Promise.allSettled([deps.ringer.ring(bellsOf(tenantId, shard, packs)), deps.gate(tenantId, 0).watch()]);
  for (const result of results) {
    if (result.status === "rejected") {
      deps.log({ level: "warn", event: "replay_ring_failed", tenant_id: tenantId, error: String(result.reason) });
    }
  }
}

/** Letters in portions in which a message stands once. */
function rounds(letters: readonly DeadLetter[]): DeadLetter[][] {
  const parts: { letters: DeadLetter[]; messages: Set<string> }[] = [];
  for (const letter of letters) {
    let part = parts.find((p) => !p.messages.has(letter.messageId));
    if (!part) {
      part = { letters: [], messages: new Set() };
      parts.push(part);
    }
    part.letters.push(letter);
    part.messages.add(letter.messageId);
  }
  return parts.map((p) => p.letters);
}

function packUp(
  deps: Pick<Deps, "random">,
  letters: readonly DeadLetter[],
  now: number,
  lane: (l: DeadLetter) => Lane,
): ReplayPack[] {
  const packs: ReplayPack[] = [];
  for (const mine of groupBy(letters, (l) => `${l.channel} ${lane(l)}`).values()) {
    for (let i = 0; i < mine.length; i += PACK_LETTERS) {
      const part = mine.slice(i, i + PACK_LETTERS);
      const [first] = part;
      if (!first) continue;
      const letterIds = part.map((l) => l.id);
      packs.push({ id: newId("pak", now, deps.random), channel: first.channel, lane: lane(first), letterIds });
    }
  }
  return packs;
}

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const list = groups.get(key(item));
    if (list) list.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
