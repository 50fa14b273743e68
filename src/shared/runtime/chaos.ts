/**
 * Faults on purpose, where the variable CHAOS is a plan of them (adapters/chaos.ts): in bench/chaos, on one
 * machine. It is declared in no wrangler.toml and `npm start` does not pass it on; anywhere else there is none,
 * and nothing is wrapped.
 */
import { Chaos, parseChaos } from "../adapters/chaos.ts";

/** Of the isolate. */
const made = new Map<string, Chaos>();

export function chaosOf(env: object): Chaos | null {
  const json = (env as { readonly CHAOS?: string }).CHAOS;
  if (json === undefined || json === "") return null;
  let chaos = made.get(json);
  if (!chaos) {
    chaos = new Chaos(parseChaos(json), (fault) => console.log(JSON.stringify({ level: "info", event: "chaos", fault })));
    made.set(json, chaos);
  }
  return chaos;
}

/** The environment, its bindings breaking where that is asked for. */
export function shaken<Env extends object>(env: Env): Env {
  return chaosOf(env)?.bindings(env) ?? env;
}
