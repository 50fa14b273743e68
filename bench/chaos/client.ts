/** A customer who never gives up: every request is repeated, with its idempotency key, until it has an answer. */
import type { Machine } from "./machine.ts";

const PATIENCE_MS = 8_000;
const PAUSE_MS = 150;

export interface Ask {
  readonly key: string;
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly isReplayed: boolean;
}

/** What all tries came to: a status, or `cut` where there was no answer. */
export type Tally = Record<string, number>;

export class Client {
  readonly #machine: Machine;
  /** Nobody is asked after this, milliseconds since 1970. */
  giveUpAt = Number.POSITIVE_INFINITY;
  readonly tally: Tally = {};

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** The first answer that says yes or no. 5xx, 429 and silence say neither. Throws when it is time to give up. */
  async ask(ask: Ask): Promise<Answer> {
    const body = ask.body === undefined ? undefined : JSON.stringify(ask.body);
    for (;;) {
      const answer = await this.#once(ask, body);
      if (answer !== null && answer.status < 500 && answer.status !== 429) return answer;
      if (Date.now() > this.giveUpAt) throw new Error(`no answer: ${ask.method ?? "GET"} ${ask.path}`);
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }

  /** As `ask`, for what must be there. Throws on anything but a 2xx. */
  async get<T>(ask: Ask): Promise<T> {
    const answer = await this.ask(ask);
    if (answer.status >= 300)
      throw new Error(`${ask.method ?? "GET"} ${ask.path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  /** Every item of a list, page by page. */
  async all<T>(key: string, path: string): Promise<T[]> {
    const items: T[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: { data: T[]; next_cursor: string | null } = await this.get({
        key,
        path: `${path}?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      });
      items.push(...page.data);
      cursor = page.next_cursor;
    }
    return items;
  }

  async #once({ key, method = "GET", path, idempotencyKey }: Ask, body: string | undefined): Promise<Answer | null> {
    const { url } = await this.#machine.up();
    try {
      const response = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
        },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const text = await response.text();
      const isReplayed = response.headers.get("idempotent-replayed") === "true";
      this.#count(String(response.status));
      return { status: response.status, body: text === "" ? null : JSON.parse(text), isReplayed };
    } catch {
      this.#count("cut");
      return null; // killed, or cut off, or too slow: the customer cannot know what became of it
    }
  }

  #count(what: string): void {
    this.tally[what] = (this.tally[what] ?? 0) + 1;
  }
}

/** Runs jobs with a bound on how many are under way. */
export async function eachOf<T>(items: readonly T[], width: number, job: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await job(item);
  };
  await Promise.all(Array.from({ length: width }, loop));
}
