/**
 * Lines: messages of one `ordering_key` to one recipient leave in the order accepted. Each knows the one
 * before it (`after`), and asks, before it goes, what became of that one. Pure.
 */
import type { Delivery, Mode, Ordering, Recipient } from "./message.ts";
import { hash64 } from "./placement.ts";
import type { Status } from "./status.ts";

/** Whose line: keys of two projects, or of live and test, are two keys. */
export interface LineOwner {
  readonly projectId: string;
  readonly mode: Mode;
}

/** An ordering key over all of its recipients. Its hash picks the gate and the message database, so that a line lies in one of each. */
export function orderingName({ projectId, mode }: LineOwner, key: string): string {
  return `${projectId}:${mode}:${key}`;
}

/**
 * The line of one recipient, 14 characters. Two lines that share it, which is one in 10¹⁹ for a pair, wait for each
 * other and lose nothing.
 */
export function lineOf({ projectId, mode }: LineOwner, key: string, to: Pick<Recipient, "channel" | "destination">): string {
  return hash64(JSON.stringify([projectId, mode, to.channel, to.destination, key]));
}

/** What a later message needs to know of an earlier one. */
export interface Earlier {
  readonly id: string;
  readonly status: Status;
  /** Of delivery 0, as are `tries` and `after`. */
  readonly phase: Delivery["phase"];
  /** Attempts that are recorded. */
  readonly tries: number;
  readonly after: string | null;
}

/** What is known by id; null for a message that is nowhere (erased). */
export type Known = ReadonlyMap<string, Earlier | null>;

/** `behind`: the message that is waited for, which need not be the one before: those that never go out are looked through. */
export type Turn = { readonly kind: "go" } | { readonly kind: "wait"; readonly until: number; readonly behind: string };

/** A message that asks for its turn. Times in milliseconds since 1970. */
export interface Waiter {
  readonly after: string;
  readonly ordering: Ordering;
  readonly dueAt: number;
}

export const GO: Turn = { kind: "go" };
export const SHORTEST_WAIT_MS = 1000;
export const LONGEST_WAIT_MS = 30_000;
/** For each message that stands in front and is free to go. */
const STEP_MS = 500;

/**
 * `done`: it went out, or ended in its turn. `ended`: without a turn, so what was before it still counts.
 * `failing`: tried, and not at its end. `untried`: its turn has not come.
 */
type Standing = "done" | "ended" | "failing" | "untried";

function standingOf({ status, phase, tries }: Earlier): Standing {
  const hadTurn = tries > 0 || phase !== "waiting";
  switch (status) {
    case "sent":
    case "delivered":
      return "done";
    case "failed":
    case "suppressed":
    case "expired":
    case "cancelled":
      return hadTurn ? "done" : "ended";
    case "scheduled":
    case "queued":
    case "processing":
      if (phase === "sent") return "done";
      return hadTurn ? "failing" : "untried";
  }
}

/**
 * Whether a message may go. `ask`: that depends on a message that is not in `known` yet. Nothing blocks for ever:
 * every earlier message comes to an end, at the latest with its last retry.
 */
export function verdictOf(waiter: Waiter, known: Known, now: number): Turn | { readonly kind: "ask"; readonly id: string } {
  const found = nearest(waiter.after, known);
  if (found === null) return GO;
  if (typeof found === "string") return { kind: "ask", id: found };
  // Half as long again as it has waited so far.
  const patience = (now - waiter.dueAt) / 2;
  switch (standingOf(found)) {
    case "done":
    case "ended":
      return GO;
    case "failing":
      return waiter.ordering === "skip" ? GO : wait(found.id, now, patience);
    case "untried":
      return wait(found.id, now, freeAhead(found, known) ?? patience);
  }
}

/**
 * The turn of a message whose earlier one (`Turn.behind`) was in the same hands and has just been tried. `again`: when
 * that one is tried next, null where it came to its end; `tries`: its attempts by now.
 */
export function turnBehind(
  ordering: Ordering,
  earlier: { readonly id: string; readonly turn: Turn; readonly tries: number; readonly again: number | null },
): Turn {
  // Whoever it waited for stands in front still, also where it ended meanwhile.
  if (earlier.turn.kind === "wait" && earlier.tries === 0) return earlier.turn;
  if (earlier.again === null || (ordering === "skip" && earlier.tries > 0)) return GO;
  return { kind: "wait", until: earlier.again, behind: earlier.id };
}

/** From `id` backwards, the first that did not end without a turn; its id where it is not known, null where there is none. */
function nearest(id: string | null, known: Known): Earlier | string | null {
  for (let at = id; at !== null; ) {
    const earlier = known.get(at);
    if (earlier === undefined) return at;
    if (earlier === null || standingOf(earlier) !== "ended") return earlier;
    at = earlier.after;
  }
  return null;
}

/**
 * Where nothing holds up the head of the line, in how many milliseconds what stands in front may have gone; null where
 * something does, or that is not known. So a line moves on at once when what blocked it is gone.
 */
function freeAhead(from: Earlier, known: Known): number | null {
  let ahead = 1;
  for (let at = from; ; ahead++) {
    const next = nearest(at.after, known);
    if (next === null) return ahead * STEP_MS;
    if (typeof next === "string") return null;
    const standing = standingOf(next);
    if (standing === "failing") return null;
    if (standing === "done") return ahead * STEP_MS;
    at = next;
  }
}

function wait(behind: string, now: number, delayMs: number): Turn {
  return { kind: "wait", until: now + Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, Math.round(delayMs))), behind };
}
