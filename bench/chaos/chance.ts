/** Chance out of one seed: a stream of its own for each matter, so that one more throw here changes nothing there. */
import { seeded } from "../../src/shared/adapters/chaos.ts";
import { hash32 } from "../../src/shared/core/placement.ts";

export class Chance {
  readonly #random: () => number;

  constructor(seed: number, matter: string) {
    this.#random = seeded(hash32(`${seed} ${matter}`));
  }

  hits(share: number): boolean {
    return this.#random() < share;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  /** One of the entries, each as likely as its weight. */
  pick<T>(weights: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.#random() * weights.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of weights) {
      left -= weight;
      if (left < 0) return value;
    }
    const [, last] = weights[weights.length - 1] ?? [];
    if (last === undefined) throw new Error("there is nothing to pick from");
    return last;
  }
}
