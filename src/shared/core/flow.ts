/**
 * Flow control: how much of a tenant may stand in the shared queues before its gate holds back the rest. What waits
 * there stands before other tenants; what waits in the gate stands before nobody else. Pure.
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

interface Limits {
  /** So few are no pressure, however old: a queue waits for a full batch, and a retry's bell comes up to a second late. */
  readonly few: number;
  readonly many: number;
  readonly longMs: number;
}

/** Null: the lane is never held back. */
const LIMITS: Readonly<Record<Lane, Limits | null>> = {
  express: null,
  standard: { few: 20, many: 400, longMs: 2000 },
  bulk: { few: 20, many: 400, longMs: 1000 },
};

export function isEverHeldBack(lane: Lane): boolean {
  return LIMITS[lane] !== null;
}

/** Whether a lane must not be planned further until less of it waits. */
export function isPressed({ lane, waiting, oldestMs }: Pressure): boolean {
  const limits = LIMITS[lane];
  if (limits === null || waiting < limits.few) return false;
  return waiting > limits.many || oldestMs > limits.longMs;
}

const SHORTEST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2000;

/** How long to pause before the next look: short while things move, and longer each time while nothing does. */
export function pauseMs(before: number | null, moves: boolean): number {
  return before === null || moves ? SHORTEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, before * 2);
}
