/** No key hands out more than it has: neither scopes of its own lacking, nor live from test. */
import { type Caller, SCOPES, type Scope } from "./tenant.ts";

export type Grantor = Pick<Caller, "mode" | "scopes">;

/** The system itself, when it makes a tenant's first keys or a test's. */
export const ANYTHING: Grantor = { mode: "live", scopes: SCOPES };

/** Why the grantor may not make or renew such a key, for the caller to read; null where it may. */
export function grantFlaw(
  grantor: Grantor,
  key: { readonly mode: Caller["mode"]; readonly scopes: readonly Scope[] },
): string | null {
  if (grantor.mode === "test" && key.mode === "live")
    return "A test key cannot make, rotate, suspend, resume or revoke a live key.";
  const beyond = key.scopes.filter((scope) => !grantor.scopes.includes(scope));
  return beyond.length === 0 ? null : `This key lacks ${beyond.join(", ")} itself.`;
}
