/** What the operator of a deployment says and reads. */
import { z } from "zod";
import { pageQuery, timestamp } from "./common.ts";
import { replayAsk } from "./dead-letters.ts";
import { outboundByChannel, outboundChange } from "./outbound.ts";

export const tenantId = z.object({ id: z.string().max(64) });

export const tenantKeyId = tenantId.extend({ key_id: z.string().max(64) });

const name = z.string().min(1).max(100);

export const limitsChange = z.strictObject({
  rate_per_second: z.number().positive().max(1e6).exactOptional(),
  burst: z.int().positive().max(1e7).exactOptional(),
  monthly_messages: z.int().nonnegative().nullable().exactOptional().describe("Null for no limit."),
  critical_exempt: z.boolean().exactOptional().describe("Whether `priority: critical` passes when the bucket is empty."),
  backlog_messages: z
    .int()
    .positive()
    .max(1e9)
    .exactOptional()
    .describe(
      "Due messages above which `low` is refused, twice as many `normal`, four times as many `high`; 500,000 unless set.",
    ),
});

export const abuseChange = z
  .strictObject({
    enabled: z.boolean().exactOptional().describe("Whether live keys that look abused are suspended."),
    rate_factor: z
      .number()
      .min(2)
      .max(100_000)
      .exactOptional()
      .describe("How many times its own average a minute a key may send in one; 20 unless set."),
    failure_percent: z
      .int()
      .min(1)
      .max(100)
      .exactOptional()
      .describe("How much of what a key sends within ten minutes may fail for good; 50 unless set."),
  })
  .describe("What is left out stays as it is.");

const gateShards = z.int().min(1).max(64).describe("More for a tenant that sends very much; cannot be lowered later.");

const dbShards = z
  .array(z.int().min(0).max(99))
  .min(1)
  .max(100)
  .refine((list) => new Set(list).size === list.length, "Names a database twice.")
  .describe("Indexes of the message databases that it is placed on; none can be taken away later.");

export const createTenant = z.strictObject({
  name,
  limits: limitsChange.default({}),
  gate_shards: gateShards.default(1),
  db_shards: dbShards.exactOptional().describe("Indexes of the message databases that it is placed on; all unless set."),
  sandbox: z.boolean().default(true).describe("A sandbox connection on every channel, so that it can send at once."),
});

export const updateTenant = z
  .strictObject({
    name: name.exactOptional(),
    status: z.enum(["active", "suspended"]).exactOptional(),
    limits: limitsChange.exactOptional(),
    abuse: abuseChange.exactOptional(),
    outbound: outboundChange.exactOptional(),
    gate_shards: gateShards.exactOptional(),
    db_shards: dbShards.exactOptional(),
  })
  .describe("What is left out stays as it is.");

export const newTenantShape = z
  .object({
    tenant_id: z.string(),
    project_id: z.string(),
    live_key: z.string().describe("Shown once, and never again."),
    test_key: z.string().describe("Shown once, and never again."),
    callback_secret: z.string().describe("Of the first project: signs what is posted to a `callback_url`. Shown once."),
  })
  .meta({ id: "NewTenant" });

export const listTenants = z.strictObject(pageQuery);

export const tenantShape = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z.enum(["active", "suspended"]),
    limits: z.object({
      rate_per_second: z.number(),
      burst: z.number(),
      monthly_messages: z.number().nullable(),
      critical_exempt: z.boolean(),
      backlog_messages: z.int(),
    }),
    abuse: z.object({ enabled: z.boolean(), rate_factor: z.number(), failure_percent: z.number() }),
    outbound: outboundByChannel.describe("Limits on the way out, by channel: messages wait for them, none is refused."),
    db_shards: z.array(z.int()),
    gate_shards: z.int(),
    created_at: timestamp,
  })
  .meta({ id: "Tenant" });

export const tenantWithBacklogShape = tenantShape
  .extend({
    backlog: z
      .object({
        express: z.int(),
        standard: z.int(),
        bulk: z.int(),
        oldest_due_at: timestamp.nullable().describe("When the earliest message that its gates hold is, or was, due."),
      })
      .nullable()
      .describe("Messages that are due and wait in the tenant's own gates, by lane. Null where a gate did not answer."),
  })
  .meta({ id: "TenantWithBacklog" });

export const queuesShape = z
  .object({
    data: z.array(
      z.object({
        queue: z.string(),
        backlog_count: z.int().nullable().describe("Null where the runtime cannot tell."),
        backlog_bytes: z.int().nullable(),
        oldest_message_at: timestamp.nullable(),
      }),
    ),
  })
  .meta({ id: "Queues" });

export const surveyShape = z
  .object({
    open: z.int(),
    counts: z.array(
      z.object({ tenant_id: z.string(), channel: z.string(), code: z.string(), open: z.int(), newest_at: timestamp }),
    ),
    newest: z.array(
      z.object({
        id: z.string(),
        tenant_id: z.string(),
        project_id: z.string(),
        message_id: z.string(),
        channel: z.string(),
        code: z.string(),
        reason: z.string(),
        created_at: timestamp,
      }),
    ),
  })
  .meta({ id: "DeadLetterSurvey" });

export const replayAnywhere = z.strictObject({
  tenant_id: z.string().max(64).optional().describe("Every tenant unless set."),
  ...replayAsk,
});

export const healthShape = z
  .object({
    status: z.enum(["ok", "degraded"]),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), latency_ms: z.number(), detail: z.string() })),
  })
  .meta({ id: "Health" });
