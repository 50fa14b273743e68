/** Ports as tests need them: they do as they are told, and remember what they were asked. */
import type { Place } from "../core/outbound.ts";
import type { Asker, Lessor } from "../ports/lessor.ts";

export interface FakeLessor extends Lessor {
  /** Every question, in order. */
  readonly asked: { readonly places: readonly string[]; readonly want: number; readonly stays: boolean }[];
  /** What every release gave back unused, in order. */
  readonly released: number[];
}

/** Grants what `grant` says, which is all unless set; the rest may come again after `retryAfterMs`. */
export function fakeLessor(
  options: { readonly grant?: (places: readonly Place[], want: number) => number; readonly retryAfterMs?: number } = {},
): FakeLessor {
  const { grant = (_: readonly Place[], want: number) => want, retryAfterMs = 1000 } = options;
  const asked: FakeLessor["asked"] = [];
  const released: number[] = [];
  return {
    asked,
    released,
    async take(places: readonly Place[], want: number, asker?: Asker) {
      asked.push({ places: places.map(({ name }) => name), want, stays: asker?.stays ?? false });
      const granted = Math.min(want, grant(places, want));
      return {
        granted,
        retryAfterMs: granted < want ? retryAfterMs : 0,
        release: async (unused) => void released.push(unused),
      };
    },
  };
}
