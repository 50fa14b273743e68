/**
 * Signals that come in at the same time go to the recorder together: a queue's price is by the message, so that of a
 * callback falls as load rises. Alone, one goes at once. Nobody's promise is kept before their signals are on the queue.
 */
import type { Signal } from "../contract/jobs.ts";
import type { Ringer } from "../ports/ringer.ts";
import { Coalescer } from "./coalescer.ts";

const MOST_PLACES = 10_000;

/** For one isolate. `keepAlive`: `waitUntil` of the request that is running. */
export function joinedSignals(
  keepAlive: (work: Promise<unknown>) => void,
  now: () => number,
): (signal: Ringer["signal"]) => Ringer["signal"] {
  const places = new Map<string, Coalescer<Joining, true>>();
  return (signal) => async (tenantId, dbShard, signals) => {
    const name = `${tenantId} ${dbShard}`;
    let place = places.get(name);
    if (!place) {
      // Those under way keep their own reference, so forgetting all of them loses nothing.
      if (places.size >= MOST_PLACES) places.clear();
      place = new Coalescer({
        async call(joining) {
          const [first] = joining; // whoever leads: its own binding, in its own request
          await first?.signal(
            tenantId,
            dbShard,
            joining.flatMap((one) => one.signals),
          );
          return joining.map(() => true as const);
        },
        size: (one) => one.signals.length * SIGNAL_CHARS,
        keepAlive,
        now,
      });
      places.set(name, place);
    }
    await place.ask({ signal, signals });
  };
}

const SIGNAL_CHARS = 500;

interface Joining {
  readonly signal: Ringer["signal"];
  readonly signals: readonly Signal[];
}
