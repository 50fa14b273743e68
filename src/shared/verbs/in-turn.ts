/** Deliveries of one pack that have an earlier message to wait for (`ordering_key`). */
import type { Delivery } from "../core/message.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { DeliverDeps } from "./carry.ts";
import { again, type Tried } from "./try-delivery.ts";

export type Turn = { readonly kind: "go" } | { readonly kind: "wait"; readonly until: number };

/** By message id. `behind`: the earlier one is in the same hands, so that its own try decides. */
export type Turns = ReadonlyMap<string, { readonly kind: "behind"; readonly after: string } | Turn>;

const NO_TURNS: Turns = new Map();

/** The turns of those rows that have one. Reads nothing where none has. */
export async function turnsOf(rows: readonly ClaimedRow[]): Promise<Turns> {
  const mine = rows.flatMap((row) => {
    // A search in the text, since hardly any row has one.
    if (row.id === null || !row.deliveries.includes('"after":"')) return [];
    const delivery = (JSON.parse(row.deliveries) as Delivery[])[row.delivery];
    return delivery?.after === undefined ? [] : [{ messageId: row.id, delivery, after: delivery.after }];
  });
  if (mine.length === 0) return NO_TURNS;
  const here = new Set(rows.map((row) => row.id));
  const isBehind = (m: { messageId: string; after: string }) => here.has(m.after) && m.after < m.messageId;
  return new Map([...mine.filter(isBehind).map((m) => [m.messageId, { kind: "behind", after: m.after }] as const)]);
}

/** With `skip`, one failed try of the earlier message is all that a later one waits for. */
function mayPass(row: ClaimedRow, before: Tried): boolean {
  const mine = (JSON.parse(row.deliveries) as Delivery[])[row.delivery];
  const its = before.outcome?.delivery ?? (JSON.parse(before.row.deliveries) as Delivery[])[before.row.delivery];
  return mine?.ordering === "skip" && (its?.attempts.length ?? 0) > 0;
}

/** A second behind the one it waits for. */
const BEHIND_MS = 1000;

/** Tries all, each behind its earlier one. */
export function inTurn(
  deps: Pick<DeliverDeps, "now">,
  rows: readonly ClaimedRow[],
  turns: Turns,
  one: (row: ClaimedRow) => Promise<Tried>,
): Promise<Tried[]> {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const running = new Map<ClaimedRow, Promise<Tried>>();
  const run = (row: ClaimedRow): Promise<Tried> => {
    const known = running.get(row);
    if (known) return known;
    const started = start(row);
    running.set(row, started);
    return started;
  };
  const start = async (row: ClaimedRow): Promise<Tried> => {
    const turn = row.id === null ? undefined : turns.get(row.id);
    if (turn === undefined || turn.kind === "go") return one(row);
    if (turn.kind === "wait") return again(row, turn.until);
    const earlier = byId.get(turn.after);
    // It is not in this round any more: it ended, or this one has passed it already.
    if (earlier === undefined) return one(row);
    const before = await run(earlier);
    if (before.kind === "done" || mayPass(row, before)) return one(row);
    if (before.kind === "over") return { ...again(row, before.at), kind: "over" };
    return again(row, Math.max(before.at, deps.now()) + BEHIND_MS);
  };
  return Promise.all(rows.map(run));
}
