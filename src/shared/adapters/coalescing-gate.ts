/**
 * Joins the accepts that one isolate has under way for one gate into one RPC and one commit: the gate's cost
 * is per call, so its price per message falls as load rises. Alone, an accept goes out at once.
 *
 * Whoever finds the gate free leads: it takes what is waiting along, its own among it, and hands the lead to
 * the first of those that came meanwhile. A lead is always handed to a request that is still waiting, and is
 * held alive beyond a client that hangs up (`keepAlive`), so nobody waits for a request that is gone.
 */
import { Fault } from "../core/faults.ts";
import type { AcceptRequest, AcceptResult } from "../ports/gate.ts";

export type AcceptCall = (requests: readonly AcceptRequest[]) => Promise<AcceptResult[]>;

interface Waiting {
  readonly request: AcceptRequest;
  readonly resolve: (word: AcceptResult | typeof LEAD) => void;
  readonly reject: (error: unknown) => void;
}

const LEAD = Symbol("lead");
/** Requests and characters in one RPC, whose arguments may have 32 MiB. */
const MOST_REQUESTS = 64;
const MOST_CHARS = 4_000_000;
/** RPCs under way to one gate. */
const CALLS = 2;
/** The second is only for a gate that is far away: one that is near answers sooner than this, milliseconds. */
const FAR_MS = 20;
/** A call that takes longer is given up, for all that it carries. Shorter than what keeps a request alive after its client. */
const WAIT_MS = 15_000;

export class CoalescingGate {
  readonly #call: AcceptCall;
  readonly #now: () => number;
  readonly #keepAlive: (work: Promise<unknown>) => void;
  #waiting: Waiting[] = [];
  #calls = 0;
  #calledAt = 0;

  /** `keepAlive`: `waitUntil` of the request that is running. */
  constructor(call: AcceptCall, keepAlive: (work: Promise<unknown>) => void, now: () => number) {
    this.#now = now;
    this.#call = call;
    this.#keepAlive = keepAlive;
  }

  async accept(request: AcceptRequest): Promise<AcceptResult> {
    const { promise, resolve, reject } = Promise.withResolvers<AcceptResult | typeof LEAD>();
    const mine: Waiting = { request, resolve, reject };
    const free = this.#calls === 0 || (this.#calls < CALLS && this.#now() - this.#calledAt >= FAR_MS);
    if (!free) this.#waiting.push(mine);
    const answer = free ? this.#lead(mine, promise) : this.#follow(mine, promise);
    this.#keepAlive(answer.catch(() => undefined)); // the caller gets the error; here it only keeps the request alive
    return answer;
  }

  async #lead(mine: Waiting, promise: Promise<AcceptResult | typeof LEAD>): Promise<AcceptResult> {
    this.#calls += 1;
    await this.#carry(mine);
    return outcome(await promise);
  }

  async #follow(mine: Waiting, promise: Promise<AcceptResult | typeof LEAD>): Promise<AcceptResult> {
    const word = await promise;
    if (word !== LEAD) return word;
    // The lead was handed to us, and with it our own request was taken from the list.
    const again = Promise.withResolvers<AcceptResult | typeof LEAD>();
    await this.#carry({ request: mine.request, resolve: again.resolve, reject: again.reject });
    return outcome(await again.promise);
  }

  /** One RPC with `mine` and as many others as fit; then hands on the lead, or gives it up. */
  async #carry(mine: Waiting): Promise<void> {
    const batch = this.#take(mine);
    this.#calledAt = this.#now();
    try {
      const results = await inTime(this.#call(batch.map((w) => w.request)));
      for (const [i, w] of batch.entries()) {
        const result = results[i];
        if (result) w.resolve(result);
        else w.reject(new Error("the gate left a request unanswered"));
      }
    } catch (error) {
      for (const w of batch) w.reject(error);
    } finally {
      const next = this.#waiting.shift();
      if (next) next.resolve(LEAD);
      else this.#calls -= 1;
    }
  }

  #take(mine: Waiting): Waiting[] {
    const batch = [mine];
    let chars = size(mine.request);
    const rest: Waiting[] = [];
    for (const w of this.#waiting) {
      const more = size(w.request);
      if (rest.length === 0 && batch.length < MOST_REQUESTS && chars + more <= MOST_CHARS) {
        batch.push(w);
        chars += more;
      } else rest.push(w);
    }
    this.#waiting = rest;
    return batch;
  }
}

function size(request: AcceptRequest): number {
  return request.items.reduce((sum, item) => sum + item.text.length, request.echo.length);
}

function outcome(word: AcceptResult | typeof LEAD): AcceptResult {
  if (word === LEAD) throw new Error("a request that was carried was handed the lead");
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
