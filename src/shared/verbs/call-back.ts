/**
 * Tells customers what happened: callback rows in the same commit as the event itself, so that neither is there without
 * the other; then their bells. Where nobody listens it makes no statement, and no query but one in ten seconds.
 */
import { callbackId } from "../core/callback.ts";
import { toldAs } from "../core/customer-event.ts";
import { newId } from "../core/ids.ts";
import type { Message, MessageEvent } from "../core/message.ts";
import { callbacksOf, type ListenerCells, type NewToldRow, type ToldRow } from "../db/messages/callbacks.ts";
import { markOf } from "../db/messages/fold.ts";
import type { Deps } from "./deps.ts";
import { listenersOf } from "./listeners.ts";

export type CallBackDeps = Pick<Deps, "control" | "now" | "random" | "callbackBells" | "log">;

/** A message's events that are about to be appended to its log. */
export interface Told {
  readonly messageId: string;
  readonly events: readonly MessageEvent[];
  /** The events are written together, or not at all where the log has the first of them: as outcomes are. */
  readonly isOne?: boolean;
  /** False where the message is known to have no `callback_url`. */
  readonly mayHaveUrl?: boolean;
}

export interface Place {
  readonly tenantId: string;
  readonly shard: number;
  readonly db: D1Database;
}

export interface Callbacks {
  /** To stand FIRST in the commit of the events, and before whatever writes the log. None where nobody wants to hear. */
  readonly writes: readonly D1PreparedStatement[];
  /**
   * After the commit, with the results of `writes` in front; answers whether there is something to post. Never throws: a
   * bell that is lost is rung by the sweep.
   */
  ring(results: readonly D1Result[]): Promise<boolean>;
}

const NOBODY: Callbacks = { writes: [], ring: async () => false };

/** Callbacks of events that are appended to messages' logs. `isLimited`: as signals are, up to the log's limit. */
export async function callbacksFor(
  deps: CallBackDeps,
  place: Place,
  told: readonly Told[],
  isLimited = false,
): Promise<Callbacks> {
  const now = deps.now();
  const rows = told.flatMap(({ messageId, events, isOne = false }) =>
    events.flatMap((event): ToldRow[] => rowOf(place, now, messageId, event, isOne ? (events[0]?.key ?? event.key) : event.key)),
  );
  const listeners = await whoWants(deps, place, rows);
  if (rows.length === 0 || (listeners.length === 0 && told.every(({ mayHaveUrl }) => mayHaveUrl === false))) return NOBODY;
  const batch = newId("cpk", now, deps.random);
  return ringing(deps, place, callbacksOf(place.db, place).ofEvents(rows, listeners, { batch, now, isLimited }));
}

/** The callback of one event whose own statement may come to nothing: its writes stand BEHIND that statement. */
export async function callbackIfWritten(
  deps: CallBackDeps,
  place: Place,
  messageId: string,
  event: MessageEvent,
): Promise<Callbacks> {
  const now = deps.now();
  const rows = rowOf(place, now, messageId, event, event.key);
  const listeners = await whoWants(deps, place, rows);
  const batch = newId("cpk", now, deps.random);
  return ringing(deps, place, callbacksOf(place.db, place).ofWritten(rows, listeners, { batch, now }));
}

/** Callbacks of what a plan writes into the logs of new messages. `urls`: message or run → `callback_url`. */
export async function callbacksForNew(
  deps: CallBackDeps,
  place: Place,
  messages: readonly Message[],
  urls: ReadonlyMap<string, string>,
): Promise<Callbacks> {
  const now = deps.now();
  const rows = messages.flatMap((message) => {
    const callbackUrl = urls.get(message.orderRef ?? message.id) ?? null;
    return message.log.flatMap((event): NewToldRow[] =>
      rowOf(place, now, message.id, event, event.key).map((row) => ({ ...row, projectId: message.projectId, callbackUrl })),
    );
  });
  const listeners = await whoWants(deps, place, rows);
  const wanted = listeners.length > 0 ? rows : rows.filter(({ callbackUrl }) => callbackUrl !== null);
  if (wanted.length === 0) return NOBODY;
  const batch = newId("cpk", now, deps.random);
  return ringing(deps, place, callbacksOf(place.db, place).ofNewMessages(wanted, listeners, { batch, now }));
}

function rowOf(place: Place, now: number, messageId: string, event: MessageEvent, markKey: string): ToldRow[] {
  const type = toldAs(event);
  if (type === null) return [];
  const id = callbackId(now, place.shard, `${messageId} ${event.key}`);
  return [{ messageId, id, type, event: JSON.stringify(event), mark: markOf(markKey) }];
}

/** Those who want at least one of these, each with no other types than these. */
async function whoWants(deps: CallBackDeps, place: Place, rows: readonly ToldRow[]): Promise<ListenerCells[]> {
  if (rows.length === 0) return [];
  const here = new Set(rows.map(({ type }) => type));
  const listeners = await listenersOf(deps, place);
  return listeners.flatMap((listener) => {
    const types = listener.types.filter((type) => here.has(type));
    return types.length === 0 ? [] : [{ ...listener, types }];
  });
}

/** `writes`: the first answers the ids of the packs that it made. */
export function ringing(
  deps: Pick<Deps, "callbackBells" | "log">,
  { tenantId, shard }: Pick<Place, "tenantId" | "shard">,
  writes: readonly D1PreparedStatement[],
): Callbacks {
  return {
    writes,
    async ring(results) {
      const packs = ((results[0]?.results ?? []) as { id: string }[]).map(({ id }) => id);
      await ringCallbacks(deps, { tenantId, shard }, packs);
      return packs.length > 0;
    },
  };
}

/** Never throws. */
export async function ringCallbacks(
  deps: Pick<Deps, "callbackBells" | "log">,
  { tenantId, shard }: Pick<Place, "tenantId" | "shard">,
  packs: readonly string[],
  delaySeconds = 0,
): Promise<void> {
  if (packs.length === 0) return;
  try {
    await deps.callbackBells.ring(packs.map((pack) => ({ v: 1, tenant: tenantId, shard, pack, delaySeconds })));
  } catch (error) {
    deps.log({ level: "warn", event: "callbacks_not_rung", tenant_id: tenantId, packs: packs.length, error: String(error) });
  }
}

/** Has a gate of the tenant sweep until nothing is open: for callbacks that came about behind its back. Never throws. */
export async function keepWatch(deps: Pick<Deps, "gate" | "log">, tenantId: string): Promise<void> {
  try {
    await deps.gate(tenantId, 0).watch();
  } catch (error) {
    deps.log({ level: "warn", event: "gate_not_watching", tenant_id: tenantId, error: String(error) });
  }
}
