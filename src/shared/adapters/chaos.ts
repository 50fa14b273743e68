/**
 * Breaks the bindings of one Worker at random, by standing between it and them: for bench/chaos, which then
 * checks that nothing was lost or doubled. Never wired in production (runtime/chaos.ts).
 */
import { instead, overWire } from "./stand-in.ts";

/** Shares are in [0, 1]; what is left out does not happen. */
export interface ChaosPlan {
  readonly seed: number;
  /** Of calls of a database: those that fail before it sees them, and those that it ran and whose answer is lost. */
  readonly d1FailBefore?: number;
  readonly d1FailAfter?: number;
  /** Of sends to a queue, likewise. */
  readonly queueFailBefore?: number;
  readonly queueFailAfter?: number;
  /** Of queue messages: sent twice, and (bells only) not at all. */
  readonly queueDuplicate?: number;
  readonly queueDrop?: number;
  /** Queue messages come later by up to so much, in any order. */
  readonly queueDelayMs?: number;
  /** Of an object's statements: those after which it is thrown out of memory, at once or a little later. */
  readonly evict?: number;
}

export type Fault = Exclude<keyof ChaosPlan, "seed">;

const NAMES: ReadonlySet<string> = new Set<keyof ChaosPlan>([
  "seed",
  "d1FailBefore",
  "d1FailAfter",
  "queueFailBefore",
  "queueFailAfter",
  "queueDuplicate",
  "queueDrop",
  "queueDelayMs",
  "evict",
]);

/** Throws on anything but a plan: what breaks things on purpose must not be misunderstood. */
export function parseChaos(json: string): ChaosPlan {
  const plan = JSON.parse(json) as Record<string, unknown> | null;
  if (plan === null || typeof plan !== "object" || !("seed" in plan)) throw new Error("CHAOS must be an object with a seed");
  for (const [name, value] of Object.entries(plan)) {
    if (!NAMES.has(name)) throw new Error(`CHAOS has no ${name}`);
    const most = name === "seed" || name === "queueDelayMs" ? Number.MAX_SAFE_INTEGER : 1;
    if (typeof value !== "number" || !(value >= 0 && value <= most)) throw new Error(`CHAOS: ${name} may not be ${value}`);
  }
  // Every name and every value were looked at above.
  return plan as unknown as ChaosPlan;
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An object that is thrown out goes within this, so that it happens at any moment of what it is doing. */
const EVICT_WITHIN_MS = 30;

export class Chaos {
  readonly #plan: ChaosPlan;
  readonly #random: () => number;
  readonly #note: (fault: Fault) => void;

  /** `note` is told of every fault. */
  constructor(plan: ChaosPlan, note: (fault: Fault) => void) {
    this.#plan = plan;
    this.#random = seeded(plan.seed);
    this.#note = note;
  }

  /** An environment with every database and queue breaking, told by its class; the rest as it is. */
  bindings<Env extends object>(env: Env): Env {
    return Object.fromEntries(Object.entries(env).map(([name, binding]) => [name, this.#binding(name, binding)])) as Env;
  }

  #binding(name: string, binding: unknown): unknown {
    switch ((binding as object | null | undefined)?.constructor.name) {
      case "D1Database":
        return this.database(binding as D1Database);
      case "WorkerQueue":
        // Bells may be lost: the sweep rings again. What else is on queues, the platform keeps.
        return this.queue(binding as Queue<unknown>, name.startsWith("SEND_"));
    }
    return binding;
  }

  database(db: D1Database): D1Database {
    return overWire(db, (through) => async (...request) => {
      if (this.#hits("d1FailBefore")) throw new Error("D1_ERROR: Network connection lost. (chaos: not reached)");
      const response = await through(...request);
      if (!this.#hits("d1FailAfter")) return response;
      await response.arrayBuffer();
      throw new Error("D1_ERROR: Network connection lost. (chaos: the answer)");
    });
  }

  queue<T>(queue: Queue<T>, mayLose: boolean): Queue<T> {
    const sendBatch = async (requests: Iterable<MessageSendRequest<T>>, options?: QueueSendBatchOptions) => {
      if (this.#hits("queueFailBefore")) throw new Error("chaos: the queue was not reached");
      const broken = this.#shuffled([...requests].flatMap((request) => this.#sent(request, mayLose)));
      const answer = broken.length === 0 ? undefined : await queue.sendBatch(broken, options);
      if (this.#hits("queueFailAfter")) throw new Error("chaos: the queue's answer was lost");
      return answer;
    };
    const send = (body: T, options?: QueueSendOptions) => sendBatch([{ body, ...options } as MessageSendRequest<T>]);
    return instead(queue, { send, sendBatch });
  }

  /** What becomes of one message: nothing, itself a little later, or two of it. */
  #sent<T>(request: MessageSendRequest<T>, mayLose: boolean): MessageSendRequest<T>[] {
    if (mayLose && this.#hits("queueDrop")) return [];
    return (this.#hits("queueDuplicate") ? [request, request] : [request]).map((one) => {
      const laterMs = this.#random() * (this.#plan.queueDelayMs ?? 0);
      return { ...one, delaySeconds: (one.delaySeconds ?? 0) + Math.round(laterMs / 1000) };
    });
  }

  #shuffled<T>(all: T[]): T[] {
    if (!this.#plan.queueDelayMs) return all;
    return all
      .map((one) => ({ one, at: this.#random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ one }) => one);
  }

  /** Makes an object lose its memory now and then. Call it first in the object's constructor. */
  object(state: DurableObjectState): void {
    if (!this.#plan.evict) return;
    const { storage } = state;
    const sql = instead(storage.sql, {
      exec: (query: string, ...bindings: unknown[]) => {
        const cursor = storage.sql.exec(query, ...bindings);
        if (this.#hits("evict")) setTimeout(() => state.abort("chaos: thrown out"), this.#random() * EVICT_WITHIN_MS);
        return cursor;
      },
    });
    Object.defineProperty(state, "storage", { value: instead(storage, { sql }) });
  }

  #hits(fault: Fault): boolean {
    const share = this.#plan[fault] ?? 0;
    if (share === 0 || this.#random() >= share) return false;
    this.#note(fault);
    return true;
  }
}
