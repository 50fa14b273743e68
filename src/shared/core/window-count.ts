/** How many were let through in each window of the clock, such as a day. Plain data in, plain data out. */
import type { Window } from "./outbound.ts";

interface Count {
  readonly ms: number;
  /** When the window that is counted began, milliseconds since 1970. */
  readonly from: number;
  readonly used: number;
}

/** Who took how many, and when: so that what was not used goes back to the windows that it was taken from. */
interface Taken {
  readonly lease: string;
  readonly n: number;
  readonly at: number;
}

export interface WindowCounts {
  readonly counts: readonly Count[];
  /** Oldest first. */
  readonly taken: readonly Taken[];
}

export const NO_COUNTS: WindowCounts = { counts: [], taken: [] };

/** What nobody gives back within this is used. */
const TAKEN_MS = 60_000;

/** What all windows have left. */
export function leftOf({ counts }: WindowCounts, windows: readonly Window[], now: number): number {
  return Math.max(0, Math.min(Number.POSITIVE_INFINITY, ...windows.map((w) => w.most - countOf(counts, w.ms, now).used)));
}

/** With `n` more in each window. */
export function counted(
  old: WindowCounts,
  windows: readonly Window[],
  { lease, n }: { readonly lease: string; readonly n: number },
  now: number,
): WindowCounts {
  if (windows.length === 0) return old;
  return {
    counts: windows.map(({ ms }) => {
      const count = countOf(old.counts, ms, now);
      return { ...count, used: count.used + n };
    }),
    taken: [...old.taken.filter(({ at }) => at + TAKEN_MS > now), ...(n > 0 ? [{ lease, n, at: now }] : [])],
  };
}

/** Takes back what a lease did not use, from those windows that it was taken from and that are still counted. */
export function uncounted(old: WindowCounts, back: { readonly lease: string; readonly unused: number }): WindowCounts {
  const one = old.taken.find(({ lease }) => lease === back.lease);
  if (one === undefined) return old;
  const n = Math.min(one.n, back.unused);
  return {
    counts: old.counts.map((c) => (one.at >= c.from ? { ...c, used: Math.max(0, c.used - n) } : c)),
    taken: old.taken.filter((t) => t !== one),
  };
}

/** Until every window that is full is over, milliseconds. */
export function openAgainMs({ counts }: WindowCounts, windows: readonly Window[], now: number): number {
  const full = windows.map((w) => ({ ...w, ...countOf(counts, w.ms, now) })).filter(({ used, most }) => used >= most);
  return Math.max(0, ...full.map(({ from, ms }) => from + ms - now));
}

/** The window that `now` is in. One that began later stays, where the clock was set back. */
function countOf(counts: readonly Count[], ms: number, now: number): Count {
  const from = Math.floor(now / ms) * ms;
  const known = counts.find((c) => c.ms === ms);
  return known !== undefined && known.from >= from ? known : { ms, from, used: 0 };
}
