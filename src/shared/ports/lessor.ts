/**
 * Permits to send, taken in blocks from the places that limit it (ProviderLease objects), so that a pack of
 * fifty costs one question and not fifty. A place without limits is never asked.
 *
 * Implemented by adapters/lease-client.ts, and by testing/fakes.ts.
 */
import type { Place, PlaceLimits } from "../core/outbound.ts";

export interface Permits {
  /** At most what was wanted; 0 where nothing is free. */
  readonly granted: number;
  /**
   * When to ask again for what was not granted, milliseconds from now; spread, so that those who wait do not come at once.
   * The rest of one asker comes back together: the time is made for that, and a second question would wait behind the first.
   */
  readonly retryAfterMs: number;
  /**
   * Gives back what holds a place while it is used (concurrency), and permits that were not used. To be called
   * once all is answered; where it never is, permits come back by themselves after a minute. Never throws, and
   * does nothing the second time.
   */
  readonly release: (unused: number) => Promise<void>;
}

/** What an asker does where it is not granted all. */
export interface Asker {
  /** It waits where it is, such as for permits of its own, and asks again: no time is set aside for it. */
  readonly stays: boolean;
}

export interface Lessor {
  /**
   * Permits that hold at all of `places` at once. Never throws: a place that cannot be asked is taken as free,
   * and logged, since a limit must not stop what it limits. Every question that is not granted in full sets time aside
   * for a return, so ask once for a pack and not once for each of its messages, or say that the asker `stays`.
   */
  take(places: readonly Place[], want: number, asker?: Asker): Promise<Permits>;
}

/** One place, as a ProviderLease object answers for it. */
export interface LeasePlace {
  take(limits: PlaceLimits, want: number, stays: boolean): Promise<LeaseAnswer>;
  /** Gives back `unused` permits as if never taken; `kept` of the lease stay held. */
  giveBack(limits: PlaceLimits, lease: string, unused: number, kept: number): Promise<void>;
}

export interface LeaseAnswer {
  /** The name of what was granted. */
  readonly lease: string;
  readonly granted: number;
  readonly retryAfterMs: number;
}
