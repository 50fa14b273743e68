/** Keys that sign callbacks, as anybody may read them. */
import { z } from "zod";
import { timestamp } from "./common.ts";

export const signingKeyShape = z
  .object({
    public_key: z.string().describe("`whpk_…`: verifies `v1a` signatures (ed25519)."),
    secret_hint: z.string().describe("How the secret ends that `v1` signatures are made with."),
    created_at: timestamp,
    expires_at: timestamp.nullable().describe("Signs until then, beside the newer key; null for the current one."),
  })
  .meta({ id: "SigningKey" });

const MAX_OVERLAP_SECONDS = 7 * 86_400;

export const rotateSecret = z.strictObject({
  overlap_seconds: z
    .int()
    .min(0)
    .max(MAX_OVERLAP_SECONDS)
    .default(86_400)
    .describe("How long the key before goes on signing, beside the new one: 24 hours unless set, seven days at most."),
});
