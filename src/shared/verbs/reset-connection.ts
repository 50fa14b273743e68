/** Closes a connection's breaker by hand, and ends its pause. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { type ConnectionRow, connectionsOf } from "../db/control/connections.ts";
import type { Actor, Deps } from "./deps.ts";
import { mendBreaker } from "./mend-breaker.ts";

/** Isolates that deliver over it hear of it within ten seconds. */
export async function resetConnection(
  deps: Pick<Deps, "control" | "now" | "random" | "desk" | "log">,
  actor: Actor,
  id: string,
): Promise<ConnectionRow> {
  const row = await connectionsOf(deps.control, actor).get(id);
  if (!row) throw new Fault("not_found");
  const now = deps.now();
  // Before it is done: what is undone by a failure here is an audit row too many, and never one too few.
  await commit(deps.control, [
    auditRow(deps.control, actor, {
      id: newId("aud", now, deps.random),
      at: now,
      action: "connection.reset",
      target: id,
      details: {},
    }),
  ]);
  if (!(await mendBreaker(deps, row))) throw new Fault("unavailable", { retryAfterSeconds: 5 });
  return row;
}
