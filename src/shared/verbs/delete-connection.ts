/** Deletes a connection and its sealed credentials. Messages that went over it keep its id. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { connectionsOf } from "../db/control/connections.ts";
import { announceConnections } from "./announce-connections.ts";
import type { Actor, Deps } from "./deps.ts";

export async function deleteConnection(
  deps: Pick<Deps, "control" | "now" | "random" | "desk" | "log">,
  actor: Actor,
  id: string,
): Promise<void> {
  const connections = connectionsOf(deps.control, actor);
  const row = await connections.get(id);
  if (!row) throw new Fault("not_found");
  const now = deps.now();
  await commit(deps.control, [
    connections.remove(id),
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "connection.deleted",
      target: id,
      details: { channel: row.channel, provider: row.provider, name: row.name },
    }),
  ]);
  await announceConnections(deps, actor);
}
