/** Why a message stands as it does, and what would become now of what is left of it. Reads only. */
import type { Consideration } from "../core/consideration.ts";
import { type Explanation, explain, isOpen } from "../core/explain.ts";
import { Fault } from "../core/faults.ts";
import { GO, type Turn } from "../core/ordering.ts";
import type { Known } from "../core/recorded-gates.ts";
import type { Caller } from "../core/tenant.ts";
import { nextTriesOf } from "../db/messages/next-tries.ts";
import type { Deps } from "./deps.ts";
import { type FoundMessage, findMessage } from "./find-message.ts";
import { turnOf } from "./ordering.ts";

type ExplainDeps = Pick<Deps, "shards" | "gate" | "now" | "desk" | "log">;

export interface ExplainedMessage extends Explanation, Pick<FoundMessage, "message" | "order"> {
  readonly now: number;
  /** Of deliveries that are not at their end. */
  readonly considered: ReadonlyMap<number, Consideration>;
}

export async function explainMessage(
  deps: ExplainDeps,
  caller: Pick<Caller, "tenantId" | "projectId" | "gateShards">,
  id: string,
): Promise<ExplainedMessage> {
  const found = await findMessage(deps, caller, id);
  if (!found) throw new Fault("not_found");
  const { message, order, held: isHeld } = found;
  const [next, turn] = await Promise.all([isHeld ? [] : nextTries(deps, found), turnIn(deps, found)]);
  const known: Known = {
    message,
    order,
    isHeld,
    now: deps.now(),
    next: new Map(next.map(({ delivery, ...rest }) => [delivery, rest])),
    turn,
  };
  const open = message.deliveries.filter((delivery) => isOpen(known, delivery)).map(({ n }) => n);
  const considered = open.length === 0 ? [] : await deps.desk.consider(message, order, open);
  return { ...explain(known), message, order, now: known.now, considered: new Map(considered.map((one) => [one.n, one])) };
}

async function nextTries({ shards }: Pick<Deps, "shards">, { message, dbShard }: FoundMessage) {
  const db = shards[dbShard];
  return db ? nextTriesOf(db, message, message.id) : [];
}

/** Asked for a message that stands in a line and has not been tried. */
async function turnIn(deps: ExplainDeps, { message, held }: FoundMessage): Promise<Turn> {
  const [delivery] = message.deliveries;
  if (held || delivery?.after === undefined || delivery.phase !== "waiting" || delivery.attempts.length > 0) return GO;
  return (await turnOf(deps, message.tenantId, [{ messageId: message.id, delivery }])).get(message.id) ?? GO;
}
