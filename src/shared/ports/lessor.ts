/**
 * Permits to send, taken in blocks from the places that limit it (ProviderLease objects), so that a pack of
 * fifty costs one question and not fifty. A place without limits is never asked.
 *
 * Implemented by adapters/lease-client.ts, and by testing/fakes.ts.
 */
import type { Place } from "../core/outbound.ts";

export interface Permits {
  /** At most what was wanted; 0 where nothing is free. */
  readonly granted: number;
  /** When to ask again for what was not granted, milliseconds from now; spread, so that those who wait do not come at once. */
  readonly retryAfterMs: number;
  /**
   * Gives back what holds a place while it is used (concurrency), and permits that were not used. To be called
   * once all is answered; where it never is, permits come back by themselves after a minute.
   */
  readonly release: (unused: number) => Promise<void>;
}

export interface Lessor {
  /**
   * Permits that hold at all of `places` at once. Never throws: a place that cannot be asked is taken as free,
   * and logged, since a limit must not stop what it limits.
   */
  take(places: readonly Place[], want: number): Promise<Permits>;
}
