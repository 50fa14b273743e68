/** Tells the dispatcher that a project's connections or settings changed, so that the next delivery goes by the new ones. */
import type { ProjectScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";

/**
 * The dispatcher's isolate that hears it forgets at once; others, and all where it cannot be told, within the
 * ten seconds for which they are kept. The change itself stands, so a failure is logged and nothing more.
 */
export async function announceConnections(
  deps: Pick<Deps, "desk" | "log">,
  { tenantId, projectId }: ProjectScope,
): Promise<void> {
  try {
    await deps.desk.connectionsChanged({ tenantId, projectId });
  } catch (error) {
    deps.log({ level: "warn", event: "connections_not_announced", tenant_id: tenantId, error: String(error) });
  }
}
