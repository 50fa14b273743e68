/**
 * Flow control: how much of a tenant may stand in the shared queues before its gate holds back the rest. What waits
 * there stands before other tenants; what waits in the gate stands before nobody else. Pure.
 *
 * A gate plans far faster than providers take, so by the time a pack has waited for too long, hundreds may stand
 * behind it. Therefore a window of packs, as TCP has one of bytes: halved when a pack waits for too long, doubled when
 * the queue ran dry while the gate paused.
 */
import type { Lane } from "./channels.ts";

/** A tenant's packs of one lane and message database that are due and that nobody has taken yet. */
export interface Pressure {
  readonly dbShard: number;
  readonly lane: Lane;
  /** Counted among the newest packs only. */
  readonly waiting: number;
  /** How long the oldest of them has been due, milliseconds. */
  readonly oldestMs: number;
}

/** Packs that are counted: a reading is as dear as the rows it reads. */
export const NEWEST_PACKS = 500;

/** Packs of a lane that may wait, over the message databases of the tenant. */
export const FIRST_WINDOW = 40;
const SMALLEST_WINDOW = 10;
const LARGEST_WINDOW = 400;
/** So few are no pressure, however old: a queue waits for a full batch, and a retry's bell comes up to a second late. */
const FEW = 10;

/** For how long a pack may wait, milliseconds; null: the lane is never held back. */
const LONGEST_WAIT_MS: Readonly<Record<Lane, number | null>> = { express: null, standard: 2000, bulk: 1000 };

export function isEverHeldBack(lane: Lane): boolean {
  return LONGEST_WAIT_MS[lane] !== null;
}

export interface Verdict {
  /** Whether the lane must not be planned further until less of it waits. */
  readonly isPressed: boolean;
  /** The window from now on. */
  readonly window: number;
  readonly waiting: number;
}

/**
 * `readings`: the newest of each message database. `paused`: they were read at the end of a pause, not behind a plan;
 * only then can the queue have run dry, and only a plan can have been too much.
 */
export function judge(lane: Lane, window: number, readings: readonly Pressure[], paused: boolean): Verdict {
  const mine = readings.filter((reading) => reading.lane === lane);
  const waiting = mine.reduce((sum, reading) => sum + reading.waiting, 0);
  const longestMs = LONGEST_WAIT_MS[lane];
  if (longestMs === null) return { isPressed: false, window, waiting };
  if (waiting < FEW) return { isPressed: false, window: paused ? Math.min(LARGEST_WINDOW, window * 2) : window, waiting };
  const isLong = mine.some((reading) => reading.oldestMs > longestMs);
  return {
    isPressed: isLong || waiting >= window,
    window: isLong && !paused ? Math.max(SMALLEST_WINDOW, Math.floor(window / 2)) : window,
    waiting,
  };
}

const SHORTEST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2000;

/** How long to pause before the next look: short while things move, and longer each time while nothing does. */
export function pauseMs(before: number | null, moves: boolean): number {
  return before === null || moves ? SHORTEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, before * 2);
}
