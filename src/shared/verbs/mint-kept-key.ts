/** A new key that signs callbacks: its secret for whoever asked, and the rest sealed for the webhooks Worker. */
import { type KeptKey, mintSigningKey } from "../core/signing-keys.ts";
import type { Deps } from "./deps.ts";

export async function mintKeptKey(
  deps: Pick<Deps, "now" | "random" | "webhookSealer">,
): Promise<{ readonly secret: string; readonly kept: KeptKey }> {
  const { key, publicKey, hint } = await mintSigningKey(deps.random);
  const { jwe } = await deps.webhookSealer.seal(key);
  return { secret: key.secret, kept: { sealed: jwe, publicKey, hint, createdAt: deps.now(), until: null } };
}
