/** Tells of a turn in a connection's health: a notice to its tenant, and the mark by which the operator finds it. */
import type { NoticeType } from "../core/notice.ts";
import { commit, isUniqueViolation } from "../db/commit.ts";
import { connectionOf, markUnwell } from "../db/control/connection-health.ts";
import { insertNotice, pruneNotices } from "../db/control/notices.ts";
import type { Deps } from "./deps.ts";

/** What is to be told, until it is. */
export interface HealthNews {
  readonly type: Extract<NoticeType, `connection.${string}`>;
  readonly at: number;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
  /** Sixteen random bytes: the notice has the same id however often it is tried. */
  readonly salt: readonly number[];
}

/** Idempotent, so it may be tried again after any failure; news of one connection are told in their order. */
export async function tellHealth(
  deps: Pick<Deps, "control">,
  { tenantId, connectionId }: { readonly tenantId: string; readonly connectionId: string },
  news: HealthNews,
): Promise<void> {
  const connection = await connectionOf(deps.control, { tenantId }, connectionId);
  const { type, at, details, salt } = news;
  const about = connection ? { provider: connection.provider, channel: connection.channel, name: connection.name } : {};
  const projectId = connection?.projectId ?? null;
  const notice = { tenantId, projectId, type, subject: connectionId, details: { ...about, ...shown(details) }, at };
  try {
    await commit(deps.control, [
      insertNotice(deps.control, notice, () => Uint8Array.from(salt)),
      pruneNotices(deps.control, tenantId, at),
      markUnwell(deps.control, { tenantId }, connectionId, type === "connection.closed" ? null : at),
    ]);
  } catch (error) {
    // It was told before, and only the answer was lost.
    if (!isUniqueViolation(error)) throw error;
  }
}

/** Times as a caller reads them. */
function shown(details: HealthNews["details"]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) =>
      (name === "since" || name === "until") && typeof value === "number" ? [name, new Date(value).toISOString()] : [name, value],
    ),
  );
}
