/** The health of connections as their objects know it at this moment, for people to look at. */
import { FRESH } from "../core/breaker.ts";
import { type ConnectionHealth, healthOf } from "../core/connection-health.ts";
import type { ConnectionRow } from "../db/control/connections.ts";
import { sandbox } from "../providers/sandbox.ts";
import type { Deps } from "./deps.ts";

/** In the order of `rows`; null where it could not be asked, which is no reason not to show the rest. */
export async function lookAtConnections(
  deps: Pick<Deps, "desk" | "log">,
  rows: readonly Pick<ConnectionRow, "id" | "tenantId" | "provider">[],
): Promise<(ConnectionHealth | null)[]> {
  // The sandbox is never judged, so it has no object.
  const judged = rows.filter((row) => row.provider !== sandbox.id);
  const places = judged.map((row) => ({ tenantId: row.tenantId, connectionId: row.id }));
  let answers: readonly (ConnectionHealth | null)[] = [];
  try {
    if (places.length > 0) answers = await deps.desk.connectionHealth(places);
  } catch (error) {
    deps.log({ level: "warn", event: "health_not_asked", error: String(error) });
  }
  const health = new Map(judged.map((row, i) => [row.id, answers[i] ?? null]));
  return rows.map((row) => (row.provider === sandbox.id ? healthOf(FRESH, 0) : (health.get(row.id) ?? null)));
}
