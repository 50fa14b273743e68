/** For the operator: connections of all tenants that are not in use, and how many there are of each provider. */
import type { ConnectionHealth, HealthState } from "../core/connection-health.ts";
import { countConnections, unwellConnections } from "../db/control/connection-health.ts";
import type { ConnectionRow } from "../db/control/connections.ts";
import type { Deps } from "./deps.ts";
import { lookAtConnections } from "./look-at-connections.ts";

const MOST_ASKED = 200;

export interface ProviderSurvey {
  /** The latest first. */
  readonly unwell: readonly { readonly row: ConnectionRow; readonly health: ConnectionHealth | null }[];
  readonly more: boolean;
  readonly counts: readonly { readonly provider: string; readonly state: HealthState; readonly connections: number }[];
}

/** Finds them by the mark in their row, and asks their objects: one question for each that is unwell, none for the others. */
export async function surveyProviders(deps: Pick<Deps, "control" | "desk" | "log">): Promise<ProviderSurvey> {
  const [marked, totals] = await Promise.all([unwellConnections(deps.control, MOST_ASKED + 1), countConnections(deps.control)]);
  const rows = marked.slice(0, MOST_ASKED);
  const health = await lookAtConnections(deps, rows);
  const asked = rows.map((row, i) => ({ row, health: health[i] ?? null }));
  // Where one was closed this moment, its row does not know yet.
  const unwell = asked.filter(({ health: h }) => h?.state !== "closed");

  const counts = totals.flatMap(({ provider, all, unwell: markedOf }) => {
    const states = new Map<HealthState, number>([["closed", all - markedOf]]);
    const add = (state: HealthState, n: number) => states.set(state, (states.get(state) ?? 0) + n);
    const mine = asked.filter(({ row }) => row.provider === provider);
    for (const { health: h } of mine) add(h?.state ?? "open", 1);
    // Those that were too many to be asked.
    add("open", Math.max(0, markedOf - mine.length));
    return [...states]
      .filter(([, connections]) => connections > 0)
      .map(([state, connections]) => ({ provider, state, connections }));
  });
  return { unwell, more: marked.length > MOST_ASKED, counts };
}
