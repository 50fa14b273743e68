/**
 * The ledger of this isolate, where the variable LEDGER is "true": in the bench and in tests of cost, on
 * one machine. Anywhere else there is none, and nothing is wrapped.
 */
import { Ledger } from "../adapters/ledger.ts";

/** Of the isolate: a Worker's entrypoints and its Durable Objects share it where there is one isolate. */
const ledger = new Ledger();

export function ledgerOf(env: object): Ledger | null {
  return (env as { readonly LEDGER?: string }).LEDGER === "true" ? ledger : null;
}

/** The environment, its bindings counted where there is a ledger. */
export function counted<Env extends object>(env: Env): Env {
  return ledgerOf(env)?.bindings(env) ?? env;
}
