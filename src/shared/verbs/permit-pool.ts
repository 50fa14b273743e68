/** Permits for one pack: taken in blocks when first needed, given back when all of a block is used. */
import type { Channel } from "../core/channels.ts";
import type { Place } from "../core/outbound.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Permits } from "../ports/lessor.ts";
import type { Candidate } from "./candidates.ts";
import { type CapPermit, CapPermits } from "./cap-permits.ts";
import type { Deps } from "./deps.ts";
import { placesFor } from "./outbound-places.ts";

type PoolDeps = Pick<Deps, "control" | "now" | "lessor" | "outboundLimits">;

/** `done` is to be called once the permit is used. */
export type Permit =
  | { readonly kind: "granted"; readonly done: () => Promise<void> }
  | { readonly kind: "denied"; readonly until: number };

const FREE: Permit = { kind: "granted", done: async () => undefined };

interface Block {
  readonly permits: Permits;
  left: number;
  busy: number;
}

export class PermitPool {
  readonly #deps: PoolDeps;
  readonly #most: number;
  readonly #isPatient: boolean;
  readonly #queues = new Map<string, ConnectionPermits>();
  readonly #caps: CapPermits;

  /**
   * `most`: how many are asked for at a time. `isPatient`: whoever finds no room because of this pack itself waits until
   * one of it is done; to be false where nothing is begun before all have asked.
   */
  constructor(deps: PoolDeps, { most, isPatient }: { readonly most: number; readonly isPatient: boolean }) {
    this.#deps = deps;
    this.#most = Math.max(1, most);
    this.#isPatient = isPatient;
    this.#caps = new CapPermits(deps, this.#most);
  }

  /** One permit under a cap of a routing policy. */
  takeCap(place: Place | undefined): Promise<CapPermit> {
    return this.#caps.take(place);
  }

  /** One permit to use a connection. Who `passesOver` does not wait for one of our own, and goes elsewhere. */
  async take(scope: ProjectScope, channel: Channel, candidate: Candidate, passesOver = false): Promise<Permit> {
    const id = candidate.connectionId;
    let queue = this.#queues.get(id);
    if (!queue) {
      queue = new ConnectionPermits(
        async (stays) => {
          const places = await placesFor(this.#deps, scope, channel, candidate);
          return places.length === 0 ? null : this.#deps.lessor.take(places, this.#most, { stays });
        },
        this.#deps.now,
        this.#isPatient,
      );
      this.#queues.set(id, queue);
    }
    return queue.take(passesOver);
  }

  /** Gives back what was not used. */
  async close(): Promise<void> {
    await Promise.all([this.#caps.close(), ...[...this.#queues.values()].map((queue) => queue.close())]);
  }
}

/** One connection's: one asker at a time, so that a block is asked for once. */
class ConnectionPermits {
  readonly #lease: (stays: boolean) => Promise<Permits | null>;
  readonly #now: () => number;
  readonly #isPatient: boolean;
  readonly #blocks = new Set<Block>();
  #turn: Promise<unknown> = Promise.resolve();
  #isFree = false;
  /** Set when we were sent away: the whole pack comes back then, so nobody else of it asks. */
  #deniedUntil = 0;
  /** Resolves when the next permit of ours is used. */
  #used = Promise.withResolvers<void>();

  constructor(lease: (stays: boolean) => Promise<Permits | null>, now: () => number, isPatient: boolean) {
    this.#lease = lease;
    this.#now = now;
    this.#isPatient = isPatient;
  }

  take(passesOver: boolean): Promise<Permit> {
    const mine = this.#turn.then(() => this.#next(passesOver));
    this.#turn = mine.catch(() => undefined); // whoever asked for it sees why it failed; the next one asks again
    return mine;
  }

  async #next(passesOver: boolean): Promise<Permit> {
    for (;;) {
      if (this.#isFree) return FREE;
      for (const block of this.#blocks) if (block.left > 0) return this.#use(block);
      if (this.#deniedUntil > this.#now()) return { kind: "denied", until: this.#deniedUntil };
      const permits = await this.#lease(passesOver || (this.#isPatient && this.#blocks.size > 0));
      if (permits === null) {
        this.#isFree = true;
        continue;
      }
      if (permits.granted > 0) {
        this.#blocks.add({ permits, left: permits.granted, busy: 0 });
        continue;
      }
      // Ours may be what holds the place: as long as one is in use, the next one takes its turn.
      if (this.#isPatient && !passesOver && this.#blocks.size > 0) await this.#used.promise;
      else this.#deniedUntil = this.#now() + Math.max(1, permits.retryAfterMs);
    }
  }

  #use(block: Block): Permit {
    block.left -= 1;
    block.busy += 1;
    return {
      kind: "granted",
      done: async () => {
        block.busy -= 1;
        if (block.left > 0 || block.busy > 0) return;
        this.#blocks.delete(block);
        await block.permits.release(0);
        this.#used.resolve();
        this.#used = Promise.withResolvers();
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#blocks].map((block) => block.permits.release(block.left)));
    this.#blocks.clear();
  }
}
