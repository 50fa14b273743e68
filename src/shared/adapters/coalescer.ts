/**
 * Joins the questions that one isolate has under way for one gate into one RPC (and, for accepts, one commit):
 * the gate's cost is per call, so its price per message falls as load rises. Alone, a question goes out at once.
 *
 * No question is ever answered by a call that began before it was asked. Whoever finds the gate free leads: it takes what is waiting along, its own among it, and hands the lead to
 * the first of those that came meanwhile. A lead is always handed to a request that is still waiting, and is
 * held alive beyond a client that hangs up (`keepAlive`), so nobody waits for a request that is gone.
 */
import { Fault } from "../core/faults.ts";

export interface Coalescing<Q, A> {
  /** Answers in the order of the questions. */
  readonly call: (questions: readonly Q[]) => Promise<A[]>;
  /** Characters that the question takes of a call. */
  readonly size: (question: Q) => number;
  /** `waitUntil` of the request that is running. */
  readonly keepAlive: (work: Promise<unknown>) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Waiting<Q, A> {
  readonly question: Q;
  readonly resolve: (word: A | typeof LEAD) => void;
  readonly reject: (error: unknown) => void;
}

const LEAD = Symbol("lead");
/** Questions and characters in one RPC, whose arguments may have 32 MiB. */
const MOST_QUESTIONS = 64;
const MOST_CHARS = 4_000_000;
/** RPCs under way to one gate. */
const CALLS = 2;
/** The second is only for a gate that is far away: one that is near answers sooner than this, milliseconds. */
const FAR_MS = 20;
/** A call that takes longer is given up, for all that it carries. Shorter than what keeps a request alive after its client. */
const WAIT_MS = 15_000;

export class Coalescer<Q, A> {
  readonly #with: Coalescing<Q, A>;
  #waiting: Waiting<Q, A>[] = [];
  #calls = 0;
  #calledAt = 0;

  constructor(coalescing: Coalescing<Q, A>) {
    this.#with = coalescing;
  }

  async ask(question: Q): Promise<A> {
    const { promise, resolve, reject } = Promise.withResolvers<A | typeof LEAD>();
    const mine: Waiting<Q, A> = { question, resolve, reject };
    const free = this.#calls === 0 || (this.#calls < CALLS && this.#with.now() - this.#calledAt >= FAR_MS);
    if (!free) this.#waiting.push(mine);
    const answer = free ? this.#lead(mine, promise) : this.#follow(mine, promise);
    this.#with.keepAlive(answer.catch(() => undefined)); // the caller gets the error; here it only keeps the request alive
    return answer;
  }

  async #lead(mine: Waiting<Q, A>, promise: Promise<A | typeof LEAD>): Promise<A> {
    this.#calls += 1;
    await this.#carry(mine);
    return outcome(await promise);
  }

  async #follow(mine: Waiting<Q, A>, promise: Promise<A | typeof LEAD>): Promise<A> {
    const word = await promise;
    if (word !== LEAD) return word;
    // The lead was handed to us, and with it our own request was taken from the list.
    const again = Promise.withResolvers<A | typeof LEAD>();
    await this.#carry({ question: mine.question, resolve: again.resolve, reject: again.reject });
    return outcome(await again.promise);
  }

  /** One RPC with `mine` and as many others as fit; then hands on the lead, or gives it up. */
  async #carry(mine: Waiting<Q, A>): Promise<void> {
    const batch = this.#take(mine);
    this.#calledAt = this.#with.now();
    try {
      const results = await inTime(this.#with.call(batch.map((w) => w.question)));
      for (const [i, w] of batch.entries()) {
        const result = results[i];
        if (result !== undefined) w.resolve(result);
        else w.reject(new Error("the gate left a question unanswered"));
      }
    } catch (error) {
      for (const w of batch) w.reject(error);
    } finally {
      const next = this.#waiting.shift();
      if (next) next.resolve(LEAD);
      else this.#calls -= 1;
    }
  }

  #take(mine: Waiting<Q, A>): Waiting<Q, A>[] {
    const batch = [mine];
    let chars = this.#with.size(mine.question);
    const rest: Waiting<Q, A>[] = [];
    for (const w of this.#waiting) {
      const more = this.#with.size(w.question);
      if (rest.length === 0 && batch.length < MOST_QUESTIONS && chars + more <= MOST_CHARS) {
        batch.push(w);
        chars += more;
      } else rest.push(w);
    }
    this.#waiting = rest;
    return batch;
  }
}

function outcome<A>(word: A | typeof LEAD): A {
  if (word === LEAD) throw new Error("a question that was carried was handed the lead");
  return word;
}

async function inTime<T>(call: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Fault("unavailable", { detail: "The gate did not answer in time.", retryAfterSeconds: 1 })),
      WAIT_MS,
    );
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
