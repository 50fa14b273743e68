import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { signingKeyShape } from "../../../../src/shared/contract/webhook-keys.ts";
import type { KeptKey } from "../../../../src/shared/core/signing-keys.ts";

/** `json`: an array of KeptKey. */
export function keysView(json: string): z.output<typeof signingKeyShape>[] {
  return (JSON.parse(json) as KeptKey[]).map((key) => ({
    public_key: key.publicKey,
    secret_hint: key.hint,
    created_at: iso(key.createdAt),
    expires_at: iso(key.until),
  }));
}
