/** The variable TIMING, which only test stacks on one machine have (core/timing.ts). */
import { parseTiming, type Timing } from "../core/timing.ts";

const parsed = new Map<string | undefined, Timing>();

/** Parsed once an isolate. Throws where the variable is wrong. */
export function timingOf(env: object): Timing {
  const json = (env as { readonly TIMING?: string }).TIMING;
  let timing = parsed.get(json);
  if (!timing) {
    timing = parseTiming(json);
    parsed.set(json, timing);
  }
  return timing;
}
