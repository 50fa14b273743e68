/**
 * The ledger of this isolate, where the variable LEDGER is "true": in the bench and in tests of cost, on
 * one machine. Anywhere else there is none, and nothing is wrapped.
 */
import { type Counts, Ledger } from "../adapters/ledger.ts";

/** Of the isolate: a Worker's entrypoints and its Durable Objects share it where there is one isolate. */
const ledger = new Ledger();

export function ledgerOf(env: object): Ledger | null {
  return (env as { readonly LEDGER?: string }).LEDGER === "true" ? ledger : null;
}

/** The environment, its bindings counted where there is a ledger. */
export function counted<Env extends object>(env: Env): Env {
  return ledgerOf(env)?.bindings(env) ?? env;
}

/** Runs a queue's consumer, counted where there is a ledger. */
export function consumed<T>(
  env: object,
  batch: MessageBatch<T>,
  handle: (batch: MessageBatch<T>) => Promise<void>,
): Promise<void> {
  return ledgerOf(env)?.consume(batch, handle) ?? handle(batch);
}

/** Where the webhooks Worker answers with its counts. Only the api Worker reaches it, by its binding. */
export const LEDGER_PATH = "/ledger";

/** What this Worker has counted; null where it does not count. */
export function countsOf(env: object): Counts | null {
  return ledgerOf(env)?.read() ?? null;
}
