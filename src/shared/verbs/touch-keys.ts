/** `last_used_at` of a tenant's keys, to the minute. */
import { commit } from "../db/commit.ts";
import { keyUse } from "../db/control/keys.ts";
import type { Deps } from "./deps.ts";

export async function touchKeys(
  deps: Pick<Deps, "control">,
  tenantId: string,
  lastUsed: Readonly<Record<string, number>>,
): Promise<void> {
  const use = keyUse(deps.control, { tenantId });
  await commit(
    deps.control,
    Object.entries(lastUsed).map(([id, at]) => use.touch(id, at)),
  );
}
