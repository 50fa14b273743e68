/**
 * Counts every billable operation of one Worker, by standing between it and its bindings. For the bench
 * and for tests that guard the cost; never wired in production (runtime/ledger.ts).
 *
 * What is counted is what the bindings report (`rows_read`, `rows_written`, sizes), not what we expect.
 */

import { bound, instead, overWire } from "./stand-in.ts";

/** Counter → what one unit of it is billed as; prices stand in bench/prices.ts. */
export const COUNTERS = [
  /** Invocations by HTTP, by a queue's batch and by a cron. RPC and service bindings are free. */
  "worker_requests",
  /** Calls of a D1 binding; a batch is one. Not billed: they are what takes time. */
  "d1_round_trips",
  /** Statements that D1 ran. Not billed. */
  "d1_queries",
  "d1_rows_read",
  "d1_rows_written",
  /** RPC calls of an object, and its alarms. */
  "object_requests",
  "object_rows_read",
  /** With one for each alarm that is set. */
  "object_rows_written",
  /** Not billed: operations are. */
  "queue_messages",
  /** Each 64 KB written, read or deleted is an operation. */
  "queue_writes",
  "queue_reads",
  "queue_deletes",
  "r2_class_a",
  "r2_class_b",
] as const;
export type Counter = (typeof COUNTERS)[number];
export type Counts = Record<Counter, number>;

/** Source: Cloudflare's pricing of Queues; 1 KB is 1,000 bytes, metadata is about 100. */
const QUEUE_OPERATION_BYTES = 64_000;
const QUEUE_METADATA_BYTES = 100;
/** R2's price list: what lists and writes is class A, what reads is B, and deleting is free. */
const R2_CLASS = {
  put: "r2_class_a",
  list: "r2_class_a",
  createMultipartUpload: "r2_class_a",
  get: "r2_class_b",
  head: "r2_class_b",
} as const;

export class Ledger {
  readonly #counts: Counts = zeroes();
  readonly #cursors = new Set<Reading>();

  add(counter: Counter, n = 1): void {
    this.#counts[counter] += n;
  }

  /** What was counted since the last reset. */
  read(): Counts {
    this.#settle();
    return { ...this.#counts };
  }

  reset(): void {
    this.#settle();
    Object.assign(this.#counts, zeroes());
  }

  /** An environment with every billable binding counted, told by its class; the rest as it is. */
  bindings<Env extends object>(env: Env): Env {
    return Object.fromEntries(Object.entries(env).map(([name, binding]) => [name, this.#binding(binding)])) as Env;
  }

  #binding(binding: unknown): unknown {
    switch ((binding as object | null | undefined)?.constructor.name) {
      case "D1Database":
        return this.database(binding as D1Database);
      case "WorkerQueue":
        return this.queue(binding as Queue<unknown>);
      case "R2Bucket":
        return this.bucket(binding as R2Bucket);
      case "DurableObjectNamespace":
        return this.namespace(binding as DurableObjectNamespace);
    }
    return binding;
  }

  /** The same database over a wire that is read on the way: `first()` and others hand out no `meta`. */
  database(db: D1Database): D1Database {
    return overWire(db, (through) => async (...request) => {
      const response = await through(...request);
      const text = await response.text();
      this.add("d1_round_trips");
      this.#readMeta(text);
      return new Response(text, response);
    });
  }

  #readMeta(text: string): void {
    const answer = JSON.parse(text) as D1Answer | D1Answer[];
    for (const { meta } of Array.isArray(answer) ? answer : [answer]) {
      if (!meta) continue;
      this.add("d1_queries");
      this.add("d1_rows_read", meta.rows_read);
      this.add("d1_rows_written", meta.rows_written);
    }
  }

  queue<T>(queue: Queue<T>): Queue<T> {
    const write = (body: unknown): void => {
      this.add("queue_messages");
      this.add("queue_writes", operations(body));
    };
    return instead(queue, {
      send: (body: T, options?: QueueSendOptions) => {
        write(body);
        return queue.send(body, options);
      },
      sendBatch: (requests: Iterable<MessageSendRequest<T>>, options?: QueueSendBatchOptions) => {
        const all = [...requests];
        for (const { body } of all) write(body);
        return queue.sendBatch(all, options);
      },
    });
  }

  /**
   * Runs a consumer. Every message that comes is read; what is not asked for again is deleted, and what
   * is, is read once more when it comes back. A throw brings the whole batch back.
   */
  async consume<T>(batch: MessageBatch<T>, handle: (batch: MessageBatch<T>) => Promise<void>): Promise<void> {
    this.add("worker_requests");
    const kept = new Set(batch.messages);
    for (const { body } of batch.messages) this.add("queue_reads", operations(body));
    const messages = batch.messages.map((message) =>
      instead(message, {
        retry: (options?: QueueRetryOptions) => {
          kept.delete(message);
          message.retry(options);
        },
      }),
    );
    const retryAll = (options?: QueueRetryOptions): void => {
      kept.clear();
      batch.retryAll(options);
    };
    await handle(instead(batch, { messages, retryAll }));
    for (const { body } of kept) this.add("queue_deletes", operations(body));
  }

  bucket(bucket: R2Bucket): R2Bucket {
    return new Proxy(bucket, {
      get: (target, property) => {
        if (property in R2_CLASS) this.add(R2_CLASS[property as keyof typeof R2_CLASS]);
        return bound(target, property);
      },
    });
  }

  /** Each call of one of its objects is a request. */
  namespace(namespace: DurableObjectNamespace): DurableObjectNamespace {
    return instead(namespace, {
      get: (...args: Parameters<DurableObjectNamespace["get"]>) => this.#stub(namespace.get(...args)),
      getByName: (...args: Parameters<DurableObjectNamespace["getByName"]>) => this.#stub(namespace.getByName(...args)),
    });
  }

  #stub<T extends object>(stub: T): T {
    return new Proxy(stub, {
      get: (target, property) => {
        const member = Reflect.get(target, property, target) as unknown;
        if (typeof member !== "function" || typeof property !== "string") return member;
        return (...args: unknown[]): unknown => {
          this.add("object_requests");
          return Reflect.apply(member, target, args);
        };
      },
    });
  }

  /** Puts a counted storage in the place of the object's own. Call it first in the object's constructor. */
  object(state: DurableObjectState): void {
    const { storage } = state;
    const sql = instead(storage.sql, {
      exec: (query: string, ...bindings: unknown[]) => {
        const cursor = storage.sql.exec(query, ...bindings);
        this.#cursors.add({ cursor, read: 0, written: 0 });
        this.#settle();
        return cursor;
      },
    });
    const setAlarm = (at: number | Date, options?: DurableObjectSetAlarmOptions): Promise<void> => {
      this.add("object_rows_written");
      return storage.setAlarm(at, options);
    };
    // An object that keeps values under keys is billed for them as for rows.
    const put = (...args: Parameters<DurableObjectStorage["put"]>): Promise<void> => {
      this.add("object_rows_written", typeof args[0] === "string" ? 1 : Object.keys(args[0]).length);
      return storage.put(...args);
    };
    const get = (...args: Parameters<DurableObjectStorage["get"]>): Promise<unknown> => {
      this.add("object_rows_read", typeof args[0] === "string" ? 1 : args[0].length);
      return storage.get(...args);
    };
    Object.defineProperty(state, "storage", { value: instead(storage, { sql, setAlarm, put, get }) });
  }

  /** Takes over what cursors have read and written by now, and forgets all but the newest few. */
  #settle(): void {
    for (const reading of this.#cursors) {
      const { rowsRead, rowsWritten } = reading.cursor;
      this.add("object_rows_read", rowsRead - reading.read);
      this.add("object_rows_written", rowsWritten - reading.written);
      reading.read = rowsRead;
      reading.written = rowsWritten;
      if (this.#cursors.size > OPEN_CURSORS) this.#cursors.delete(reading);
    }
  }
}

interface Reading {
  readonly cursor: { readonly rowsRead: number; readonly rowsWritten: number };
  read: number;
  written: number;
}

interface D1Answer {
  readonly meta?: { readonly rows_read: number; readonly rows_written: number };
}

/** A cursor counts while it is read, so the last few stay in sight. */
const OPEN_CURSORS = 8;

function zeroes(): Counts {
  return Object.fromEntries(COUNTERS.map((c) => [c, 0])) as Counts;
}

function operations(body: unknown): number {
  const sizeBytes = new TextEncoder().encode(JSON.stringify(body) ?? "").byteLength + QUEUE_METADATA_BYTES;
  return Math.ceil(sizeBytes / QUEUE_OPERATION_BYTES);
}
