/** Closes a connection's breaker, since whatever opened it was put right. */
import { sandbox } from "../providers/sandbox.ts";
import type { Deps } from "./deps.ts";

/** False where it could not be: then it probes by itself, in ten minutes at most. */
export async function mendBreaker(
  deps: Pick<Deps, "desk" | "log">,
  connection: { readonly tenantId: string; readonly id: string; readonly provider: string },
): Promise<boolean> {
  if (connection.provider === sandbox.id) return true;
  try {
    await deps.desk.resetConnection({ tenantId: connection.tenantId, connectionId: connection.id });
    return true;
  } catch (error) {
    deps.log({ level: "warn", event: "breaker_not_mended", connection_id: connection.id, error: String(error) });
    return false;
  }
}
