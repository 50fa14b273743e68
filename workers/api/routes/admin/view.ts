import type { z } from "zod";
import type { abuseChange, limitsChange, tenantShape, tenantWithBacklogShape } from "../../../../src/shared/contract/admin.ts";
import { iso } from "../../../../src/shared/contract/common.ts";
import { type AbuseSettings, abuseSettings } from "../../../../src/shared/core/abuse.ts";
import { DEFAULT_LIMITS, type TenantLimits } from "../../../../src/shared/core/tenant.ts";
import type { TenantRow } from "../../../../src/shared/db/control/tenants.ts";
import type { TenantBacklog } from "../../../../src/shared/verbs/survey-backlog.ts";

/** The JSON columns were written by createTenant and updateTenant, in these shapes. */
export function tenantView(row: TenantRow): z.output<typeof tenantShape> {
  const limits: TenantLimits = { ...DEFAULT_LIMITS, ...(JSON.parse(row.limits) as Partial<TenantLimits>) };
  const abuse = abuseSettings(limits.abuse);
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    limits: {
      rate_per_second: limits.ratePerSecond,
      burst: limits.burst,
      monthly_messages: limits.monthlyMessages,
      critical_exempt: limits.criticalExempt,
      backlog_messages: limits.backlogMessages,
    },
    abuse: { enabled: abuse.enabled, rate_factor: abuse.rateFactor, failure_percent: abuse.failurePercent },
    outbound: limits.outbound ?? {},
    db_shards: JSON.parse(row.dbShards) as number[],
    gate_shards: row.gateShards,
    created_at: iso(row.createdAt),
  };
}

export function backlogView({ byLane, oldestDueAt }: TenantBacklog): z.output<typeof tenantWithBacklogShape>["backlog"] {
  return { ...byLane, oldest_due_at: oldestDueAt === null ? null : iso(oldestDueAt) };
}

/** The limits that a body names, and no others. */
export function limitsIn(asked: z.output<typeof limitsChange>): Partial<TenantLimits> {
  const { rate_per_second, burst, monthly_messages, critical_exempt, backlog_messages } = asked;
  return {
    ...(rate_per_second === undefined ? {} : { ratePerSecond: rate_per_second }),
    ...(burst === undefined ? {} : { burst }),
    ...(monthly_messages === undefined ? {} : { monthlyMessages: monthly_messages }),
    ...(critical_exempt === undefined ? {} : { criticalExempt: critical_exempt }),
    ...(backlog_messages === undefined ? {} : { backlogMessages: backlog_messages }),
  };
}

/** How keys are watched, as far as a body names it. */
export function abuseIn(asked: z.output<typeof abuseChange>): Partial<AbuseSettings> {
  const { enabled, rate_factor, failure_percent } = asked;
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(rate_factor === undefined ? {} : { rateFactor: rate_factor }),
    ...(failure_percent === undefined ? {} : { failurePercent: failure_percent }),
  };
}
