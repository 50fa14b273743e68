/** What a tenant has due in its own gates, which is not in any queue yet. */
import type { Lane } from "../core/channels.ts";
import type { Deps } from "./deps.ts";

export interface TenantBacklog {
  readonly byLane: Readonly<Record<Lane, number>>;
  /** When the earliest message that a gate holds is due, milliseconds since 1970; null where they hold none. */
  readonly oldestDueAt: number | null;
}

/** Over all of its gates; null where one of them does not answer: a part of the sum would mislead. */
export async function surveyBacklog(
  deps: Pick<Deps, "gate" | "log">,
  tenantId: string,
  gateShards: number,
): Promise<TenantBacklog | null> {
  try {
    const all = await Promise.all(Array.from({ length: gateShards }, (_, shard) => deps.gate(tenantId, shard).stats()));
    const sum = (lane: Lane) => all.reduce((total, { backlog }) => total + backlog[lane], 0);
    const due = all.flatMap(({ oldestDueAt }) => oldestDueAt ?? []);
    return {
      byLane: { express: sum("express"), standard: sum("standard"), bulk: sum("bulk") },
      oldestDueAt: due.length === 0 ? null : Math.min(...due),
    };
  } catch (error) {
    deps.log({ level: "warn", event: "gate_unreachable", tenant_id: tenantId, error: String(error) });
    return null;
  }
}
