/** Deliveries of one pack that have an earlier message to wait for (`ordering_key`). */
import type { Delivery } from "../core/message.ts";
import { GO, type Turn, turnBehind } from "../core/ordering.ts";
import { FINAL_STATUSES, type Status } from "../core/status.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { DeliverDeps } from "./deliver-deps.ts";
import { type InLine, turnOf } from "./ordering.ts";
import { again, type Tried } from "./tried.ts";

/**
 * By message id: its turn as the databases say it; a message whose earlier one is in the same hands goes by that one's
 * try. Whoever had its turn keeps it.
 */
export type Turns = Map<string, Turn>;

/** The turns of those rows that have one. Reads nothing where none has. */
export async function turnsOf(deps: DeliverDeps, tenantId: string, rows: readonly ClaimedRow[]): Promise<Turns> {
  const mine = rows.flatMap((row): InLine[] => {
    const delivery = lined(row);
    return row.id === null || delivery === undefined ? [] : [{ messageId: row.id, delivery }];
  });
  return new Map(mine.length === 0 ? [] : await turnOf(deps, tenantId, mine));
}

/** Its delivery, where that stands in a line. A search in the text, since hardly any row does. */
function lined(row: ClaimedRow): Delivery | undefined {
  if (row.id === null || !row.deliveries.includes('"after":"')) return undefined;
  const delivery = (JSON.parse(row.deliveries) as Delivery[])[row.delivery];
  return delivery?.after === undefined ? undefined : delivery;
}

interface Ran {
  readonly turn: Turn;
  readonly tried: Tried;
}

/** Tries all, each behind its earlier one. */
export async function inTurn(
  rows: readonly ClaimedRow[],
  turns: Turns,
  one: (row: ClaimedRow) => Promise<Tried>,
): Promise<Tried[]> {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const running = new Map<ClaimedRow, Promise<Ran>>();
  const run = (row: ClaimedRow): Promise<Ran> => {
    const known = running.get(row);
    if (known) return known;
    const started = start(row);
    running.set(row, started);
    return started;
  };
  const take = async (row: ClaimedRow, turn: Turn): Promise<Ran> => {
    // What ended meanwhile ends at once: the column holds what core/status.ts knows.
    if (turn.kind === "wait" && !FINAL_STATUSES.has(row.status as Status)) return { turn, tried: again(row, turn.until) };
    if (row.id !== null) turns.set(row.id, GO);
    return { turn, tried: await one(row) };
  };
  const start = async (row: ClaimedRow): Promise<Ran> => {
    const delivery = lined(row);
    const earlier = delivery?.after === undefined ? undefined : byId.get(delivery.after);
    // Ids of a line only grow, so nothing ever waits for itself.
    if (delivery === undefined || earlier === undefined || !isBefore(earlier, row)) {
      const turn = (row.id === null ? undefined : turns.get(row.id)) ?? GO;
      return take(row, turn);
    }
    const before = await run(earlier);
    // It goes on over another connection: so does who stands behind it, in the next round.
    if (before.tried.kind === "over") return { turn: before.turn, tried: { ...again(row, before.tried.at), kind: "over" } };
    const turn = turnBehind(delivery.ordering ?? "wait", {
      id: earlier.id ?? "",
      turn: before.turn,
      tries: triesOf(before.tried),
      again: before.tried.kind === "done" ? null : before.tried.at,
    });
    return take(row, turn);
  };
  return (await Promise.all(rows.map(run))).map(({ tried }) => tried);
}

function isBefore(a: ClaimedRow, b: ClaimedRow): boolean {
  return a.id !== null && b.id !== null && a.id < b.id;
}

function triesOf({ outcome, row }: Tried): number {
  const delivery = outcome?.delivery ?? (JSON.parse(row.deliveries) as Delivery[])[row.delivery];
  return delivery?.attempts.length ?? 0;
}
