/** Keeps messages from going to whom nobody must write to: one question to the control database a plan, whatever it holds. */
import type { Address, Message, Submission } from "../core/message.ts";
import { type Hold, heldBack, type SuppressionPlace, suppressionKey } from "../core/suppression.ts";
import { suppressionsOf } from "../db/control/suppressions.ts";
import type { Deps } from "./deps.ts";

/** A statement's parameter stays well below D1's 2 MB; a device's address may have 4 KB. */
const STATEMENT_CHARS = 700_000;

/** By channel and destination, as `placeOf` writes them. */
export type Holds = ReadonlyMap<string, readonly Hold[]>;

const NONE: readonly Hold[] = [];

/** What holds now for the addresses of these submissions. Exact: nothing of it is remembered. */
export async function holdsOn(
  deps: Pick<Deps, "control" | "now">,
  tenantId: string,
  submissions: readonly Submission[],
): Promise<Holds> {
  const places = new Map<string, SuppressionPlace>();
  for (const { to, cancelled_at } of submissions) {
    if (cancelled_at !== undefined) continue;
    for (const recipient of to) {
      places.set(keyOf(recipient), placeOf(recipient));
      for (const address of recipient.also ?? []) places.set(keyOf(address), placeOf(address));
    }
  }
  const list = suppressionsOf(deps.control, { tenantId });
  const found = await Promise.all(portions([...places.values()]).map((some) => list.among(some, deps.now())));
  const holds = new Map<string, Hold[]>();
  for (const { reason, source, isGlobal, ...place } of found.flat()) {
    holds.set(keyOf(place), [...(holds.get(keyOf(place)) ?? []), { reason, source, isGlobal }]);
  }
  return holds;
}

export function holdBack(messages: readonly Message[], holds: Holds): readonly Message[] {
  if (holds.size === 0) return messages;
  return messages.map((message) => heldBack(message, (address) => holds.get(keyOf(address)) ?? NONE));
}

function placeOf({ channel, destination }: Address): SuppressionPlace {
  return { channel, destination: suppressionKey(channel, destination) };
}

function keyOf({ channel, destination }: Address): string {
  return `${channel} ${suppressionKey(channel, destination)}`;
}

function portions(places: readonly SuppressionPlace[]): SuppressionPlace[][] {
  const all: SuppressionPlace[][] = [];
  let chars = STATEMENT_CHARS;
  for (const place of places) {
    const size = place.destination.length + 20;
    if (chars + size > STATEMENT_CHARS) {
      all.push([]);
      chars = 0;
    }
    all.at(-1)?.push(place);
    chars += size;
  }
  return all;
}
