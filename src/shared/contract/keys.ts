import { z } from "zod";
import { SCOPES } from "../core/tenant.ts";
import { timestamp } from "./common.ts";

export const keyId = z.object({ id: z.string().max(64) });

export const createKey = z.strictObject({
  name: z.string().min(1).max(100),
  mode: z.enum(["live", "test"]).describe("Test keys only ever reach the sandbox."),
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).optional().describe("Those of the key that asks, unless set."),
  expires_at: timestamp.optional(),
  rate_limit: z
    .strictObject({ rate_per_second: z.number().positive().max(1e6), burst: z.number().int().positive().max(1e7) })
    .optional()
    .describe("A token bucket of this key's own, within the tenant's."),
});

export const rotateKey = z.strictObject({
  overlap_seconds: z
    .int()
    .min(0)
    .max(7 * 86_400)
    .default(0)
    .describe("How long the old key still works. 0 revokes it at once."),
});

export const keyShape = z
  .object({
    id: z.string(),
    project_id: z.string(),
    name: z.string(),
    mode: z.enum(["live", "test"]),
    hint: z.string().describe("The first characters of the key."),
    scopes: z.array(z.enum(SCOPES)),
    created_at: timestamp,
    expires_at: timestamp.nullable(),
    revoked_at: timestamp.nullable(),
    last_used_at: timestamp.nullable().describe("To the minute."),
    suspended_at: timestamp.nullable(),
    suspended_reason: z
      .string()
      .nullable()
      .describe("`rate_spike`, `failure_spike`, `by_hand` or `operator`; `GET /v1/notices` has the facts."),
  })
  .meta({ id: "Key" });

export const newKeyShape = keyShape.extend({ key: z.string().describe("Shown once, and never again.") }).meta({ id: "NewKey" });
