/** Tells who tells and who posts that an endpoint changed, so that the next event goes by what it is now. */
import type { ProjectScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";
import { forgetListeners } from "./listeners.ts";

/** The isolates that hear it forget at once, others within ten seconds. The change stands, so a failure is logged and nothing more. */
export async function announceEndpoint(
  deps: Pick<Deps, "desk" | "postman" | "log">,
  { tenantId, projectId }: ProjectScope,
  endpointId: string,
): Promise<void> {
  forgetListeners({ tenantId });
  const told = await Promise.allSettled([
    deps.desk.connectionsChanged({ tenantId, projectId }),
    deps.postman.endpointChanged(tenantId, endpointId),
  ]);
  for (const result of told) {
    if (result.status === "rejected") {
      deps.log({ level: "warn", event: "endpoint_not_announced", tenant_id: tenantId, error: String(result.reason) });
    }
  }
}
