/** Tells a tenant something about itself: a row that it can read, and a log line. */
import type { Notice } from "../core/notice.ts";
import { commit } from "../db/commit.ts";
import { insertNotice, pruneNotices } from "../db/control/notices.ts";
import type { Deps } from "./deps.ts";

export async function tell(deps: Pick<Deps, "control" | "random" | "log">, notice: Notice): Promise<void> {
  const { tenantId, type, subject, details, at } = notice;
  await commit(deps.control, [insertNotice(deps.control, notice, deps.random), pruneNotices(deps.control, tenantId, at)]);
  deps.log({ level: "warn", event: "notice", type, tenant_id: tenantId, subject, ...details });
}
