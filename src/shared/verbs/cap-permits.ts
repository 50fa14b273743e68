/** Permits under the caps of routing policies, for one pack: taken in blocks; what is not used goes back at its end. */
import type { Place } from "../core/outbound.ts";
import type { Permits } from "../ports/lessor.ts";
import type { Deps } from "./deps.ts";

export type CapPermit =
  /** `giveBack` for one that is not used after all. */
  { readonly kind: "granted"; readonly giveBack: () => void } | { readonly kind: "denied"; readonly until: number };

export const UNCAPPED: CapPermit = { kind: "granted", giveBack: () => undefined };

export class CapPermits {
  readonly #deps: Pick<Deps, "now" | "lessor">;
  readonly #most: number;
  readonly #places = new Map<string, OneCap>();

  /** `most`: how many are asked for at a time. */
  constructor(deps: Pick<Deps, "now" | "lessor">, most: number) {
    this.#deps = deps;
    this.#most = most;
  }

  /** One permit of the place; granted where there is none. Never waits: whoever is denied goes elsewhere. */
  async take(place: Place | undefined): Promise<CapPermit> {
    if (place === undefined) return UNCAPPED;
    let one = this.#places.get(place.name);
    if (!one) {
      // Who is denied does not come back for it, so no time is set aside.
      one = new OneCap(() => this.#deps.lessor.take([place], this.#most, { stays: true }), this.#deps.now);
      this.#places.set(place.name, one);
    }
    return one.take();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#places.values()].map((one) => one.close()));
  }
}

/** One asker at a time, so that a block is asked for once. */
class OneCap {
  readonly #lease: () => Promise<Permits>;
  readonly #now: () => number;
  readonly #blocks: Permits[] = [];
  #left = 0;
  #deniedUntil = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(lease: () => Promise<Permits>, now: () => number) {
    this.#lease = lease;
    this.#now = now;
  }

  take(): Promise<CapPermit> {
    const mine = this.#turn.then(() => this.#next());
    this.#turn = mine.catch(() => undefined); // whoever asked for it sees why it failed; the next one asks again
    return mine;
  }

  async #next(): Promise<CapPermit> {
    if (this.#left === 0 && this.#deniedUntil <= this.#now()) {
      const permits = await this.#lease();
      if (permits.granted === 0) this.#deniedUntil = this.#now() + Math.max(1, permits.retryAfterMs);
      else this.#blocks.push(permits);
      this.#left += permits.granted;
    }
    if (this.#left === 0) return { kind: "denied", until: this.#deniedUntil };
    this.#left -= 1;
    return {
      kind: "granted",
      giveBack: () => {
        this.#left += 1;
      },
    };
  }

  /** Gives back what was not used, whichever block it is of. */
  async close(): Promise<void> {
    let unused = this.#left;
    this.#left = 0;
    const back = this.#blocks.splice(0).map((block) => {
      const n = Math.min(unused, block.granted);
      unused -= n;
      return block.release(n);
    });
    await Promise.all(back);
  }
}
