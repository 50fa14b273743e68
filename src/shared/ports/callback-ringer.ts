/**
 * Rings the bell of a pack of callbacks (queue `callbacks`): at least once, in no order; a lost ring is rung again by the
 * sweep, a doubled one finds nothing to do. A throw means that some may not have been rung: the rows stand.
 *
 * Implemented by adapters/queue-callback-ringer.ts; tests hand in lists.
 */
import type { Bell } from "../contract/jobs.ts";

export interface CallbackRinger {
  ring(bells: readonly (Bell & { readonly delaySeconds: number })[]): Promise<void>;
}
