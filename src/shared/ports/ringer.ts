/**
 * Rings the bell of a pack: a queue message that says "look at this row". At least once, in no order; a
 * lost ring is rung again by the sweep, a doubled ring finds nothing to do. A throw means that some bells
 * may not have been rung: the rows stand, so it is safe to go on.
 *
 * Implemented by adapters/queue-ringer.ts, and by testing/fakes.ts.
 */

import type { Bell, Signal } from "../contract/jobs.ts";
import type { Channel, Lane } from "../core/channels.ts";

export interface Ringer {
  ring(bells: readonly (Bell & { channel: Channel; lane: Lane; delaySeconds: number })[]): Promise<void>;
  /** Hands signals to the recorder (queue `events`). */
  signal(tenantId: string, dbShard: number, signals: readonly Signal[]): Promise<void>;
}
