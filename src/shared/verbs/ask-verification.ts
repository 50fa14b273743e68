/** Asks the dispatcher, which alone can open credentials, whether a connection works. */
import { Fault } from "../core/faults.ts";
import { connectionsOf } from "../db/control/connections.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Verification } from "../ports/desk.ts";
import type { Deps } from "./deps.ts";

/** Where the dispatcher itself cannot be reached, the answer is `unavailable`: it says nothing about the account. */
export async function askVerification(
  deps: Pick<Deps, "control" | "desk" | "log">,
  scope: ProjectScope,
  id: string,
): Promise<Verification> {
  if (!(await connectionsOf(deps.control, scope).get(id))) throw new Fault("not_found");
  try {
    return await deps.desk.verifyConnection({ tenantId: scope.tenantId, projectId: scope.projectId }, id);
  } catch (error) {
    deps.log({ level: "error", event: "verify_failed", connection_id: id, error: String(error) });
    throw new Fault("unavailable", { retryAfterSeconds: 5 });
  }
}
