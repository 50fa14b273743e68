import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import { jsonObject, timestamp } from "./common.ts";
import { connectionHealthShape } from "./connection-health.ts";
import { outboundLimits } from "./outbound.ts";
import { listPriceShape, pricesShape, priceTable } from "./prices.ts";

export const connectionId = z.object({ id: z.string().max(64) });

const name = z.string().min(1).max(100);
const priority = z.int().min(0).max(1_000_000).describe("Lower goes first.");
const verify = z
  .boolean()
  .default(false)
  .describe("Asks the provider, once the change is saved, whether the account works. Sends nothing.");

/** `credentials` and `settings` are checked by the provider's own schema, which `GET /v1/providers` shows. */
export const createConnection = z.strictObject({
  channel: z.enum(CHANNELS),
  provider: z.string().min(1).max(50).describe("As in `GET /v1/providers`."),
  name,
  priority: priority.default(100),
  enabled: z.boolean().default(true),
  credentials: jsonObject.default({}).describe("Sealed at once. Never returned, never logged."),
  settings: jsonObject.default({}).describe("What is no secret, such as the sender; `endpoint` is another base URL."),
  callback_verification: jsonObject
    .optional()
    .describe(
      "What proves that a callback is the provider's, by the schema that `GET /v1/providers` shows. Sealed at once. Without it, no callback is believed.",
    ),
  limits: outboundLimits.default({}).describe("How fast this account may be used. Messages above it wait; none is refused."),
  prices: priceTable
    .nullable()
    .default(null)
    .describe("What it costs, for routing and estimates; the provider's list prices unless set."),
  verify,
});

export const updateConnection = z
  .strictObject({
    name: name.optional(),
    priority: priority.optional(),
    enabled: z.boolean().optional(),
    credentials: jsonObject.optional().describe("Replaces all of them: this is how they are rotated."),
    settings: jsonObject.optional().describe("Replaces all of them."),
    callback_verification: jsonObject.nullable().optional().describe("Replaces all of it; null takes it away."),
    limits: outboundLimits.optional().describe("Replaces both of them: `{}` takes them away."),
    prices: priceTable.nullable().optional().describe("Replaces all of them; null goes back to the provider's list prices."),
    verify,
  })
  .describe("What is left out stays as it is.");

export const verificationShape = z
  .object({
    ok: z.boolean(),
    code: z.string().nullable().describe("The provider's own code, or ours; null where it is well."),
    detail: z.string(),
    suggested_limits: outboundLimits
      .optional()
      .describe("What the provider says that this account may do, as `limits` of the connection; nothing was changed."),
  })
  .meta({ id: "Verification" });

export const connectionShape = z
  .object({
    id: z.string(),
    project_id: z.string(),
    channel: z.enum(CHANNELS),
    provider: z.string(),
    name: z.string(),
    priority,
    enabled: z.boolean(),
    credential_hints: z.record(z.string(), z.string()).describe("Each credential that is set, masked but for its end."),
    settings: jsonObject,
    callback_url: z
      .string()
      .nullable()
      .describe("What to give the provider as the address of its webhooks; null where it has none, or PUBLIC_URL is not set."),
    callback_verification_hints: z
      .record(z.string(), z.string())
      .describe("Each field of `callback_verification` that is set, masked but for its end."),
    limits: outboundLimits,
    prices: pricesShape.nullable().describe("Its own; null where `list_price` is assumed."),
    list_price: listPriceShape.nullable().describe("Null where no price of the provider is known."),
    health: connectionHealthShape.nullable().describe("Null where it could not be asked."),
    verified_at: timestamp.nullable().describe("When the provider last said that this account works, as it is now."),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: "Connection" });

export const savedConnectionShape = connectionShape
  .extend({ verification: verificationShape.optional().describe("Where the call asked for it.") })
  .meta({ id: "SavedConnection" });

export const providerShape = z
  .object({
    id: z.string(),
    name: z.string(),
    channels: z.array(z.enum(CHANNELS)),
    credentials: jsonObject.describe("JSON Schema of a connection's `credentials`."),
    settings: jsonObject.describe("JSON Schema of a connection's `settings`."),
    callback_verification: jsonObject
      .nullable()
      .describe("JSON Schema of a connection's `callback_verification`; null where the provider never calls back."),
  })
  .meta({ id: "Provider" });
