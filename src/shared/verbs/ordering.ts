/** Whose turn it is: what became of the messages that stand in front of others in their lines. */
import { parseMessageId } from "../core/ids.ts";
import type { Delivery, Submission } from "../core/message.ts";
import { type Earlier, GO, SHORTEST_WAIT_MS, type Turn, verdictOf } from "../core/ordering.ts";
import { linesOf } from "../db/messages/lines.ts";
import type { Deps } from "./deps.ts";

/** Looks at one line that runs through several databases, or through its gate. Further back nothing counts. */
const MOST_LOOKS = 20;

type TurnDeps = Pick<Deps, "now" | "shards" | "gate" | "log">;

/** A delivery in hand; asked for where it has an `after`. */
export interface InLine {
  readonly messageId: string;
  readonly delivery: Delivery;
}

/**
 * By message id, for every delivery that has an `after`: whether it may go. One statement in each database that an
 * earlier message lies in, which is one, as a rule; a gate is asked for what has no row. No I/O where none has one.
 *
 * A gate that does not answer makes its messages wait. Throws where a database failed.
 */
export async function turnOf(
  deps: TurnDeps,
  tenantId: string,
  deliveries: readonly InLine[],
): Promise<ReadonlyMap<string, Turn>> {
  const now = deps.now();
  const turns = new Map<string, Turn>();
  const known = new Map<string, Earlier | null>();
  let open = deliveries.flatMap(({ messageId, delivery }) =>
    delivery.after === undefined
      ? []
      : [{ messageId, after: delivery.after, ordering: delivery.ordering ?? "wait", dueAt: delivery.due_at } as const],
  );
  let ask = new Set(open.map((waiter) => waiter.after));
  for (let look = 0; ask.size > 0 && look < MOST_LOOKS; look++) {
    const unanswered = await learn(deps, tenantId, ask, known);
    ask = new Set();
    const left: typeof open = [];
    for (const waiter of open) {
      const verdict = verdictOf(waiter, known, now);
      if (verdict.kind !== "ask") turns.set(waiter.messageId, verdict);
      else if (unanswered.has(verdict.id)) {
        turns.set(waiter.messageId, { kind: "wait", until: now + SHORTEST_WAIT_MS, behind: verdict.id });
      } else {
        ask.add(verdict.id);
        left.push(waiter);
      }
    }
    open = left;
  }
  for (const { messageId } of open) turns.set(messageId, GO);
  return turns;
}

/** Puts what is found of these ids into `known`; answers those whose gate did not answer. */
async function learn(
  deps: TurnDeps,
  tenantId: string,
  ids: ReadonlySet<string>,
  known: Map<string, Earlier | null>,
): Promise<ReadonlySet<string>> {
  const unanswered = new Set<string>();
  await readRows(deps, tenantId, ids, known);
  const rowless = [...ids].filter((id) => !known.has(id));
  if (rowless.length === 0) return unanswered;
  await Promise.all(
    rowless.map(async (id) => {
      const place = parseMessageId(id);
      if (!place) return;
      try {
        const held = await deps.gate(tenantId, place.gateShard).find(id);
        if (held) known.set(id, heldEarlier(held));
      } catch (error) {
        unanswered.add(id);
        deps.log({ level: "warn", event: "gate_not_asked", tenant_id: tenantId, message_id: id, error: String(error) });
      }
    }),
  );
  // It only ever moves from the gate to the database, so it cannot hide between the second look and the third.
  const missing = rowless.filter((id) => !known.has(id) && !unanswered.has(id));
  await readRows(deps, tenantId, new Set(missing), known);
  for (const id of missing) if (!known.has(id)) known.set(id, null);
  return unanswered;
}

async function readRows(
  deps: TurnDeps,
  tenantId: string,
  ids: ReadonlySet<string>,
  known: Map<string, Earlier | null>,
): Promise<void> {
  const byDatabase = new Map<D1Database, string[]>();
  for (const id of ids) {
    const db = deps.shards[parseMessageId(id)?.dbShard ?? -1];
    if (!db) continue;
    const list = byDatabase.get(db);
    if (list) list.push(id);
    else byDatabase.set(db, [id]);
  }
  const found = await Promise.all([...byDatabase].map(([db, some]) => linesOf(db, { tenantId }).earlier(some)));
  for (const earlier of found.flat()) known.set(earlier.id, earlier);
}

/** A message that its gate holds, as its row would say it. Exactly one recipient. */
function heldEarlier({ first, cancelled_at, after }: Submission): Earlier {
  return {
    id: first,
    status: cancelled_at === undefined ? "queued" : "cancelled",
    phase: "waiting",
    tries: 0,
    after: after?.[0] ?? null,
  };
}
