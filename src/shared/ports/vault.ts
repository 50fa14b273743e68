/**
 * Seals provider credentials to the dispatcher's public key, and opens them again. The api Worker has a
 * Sealer only: it can never read what it stored.
 *
 * Implemented by adapters/jose-vault.ts (compact JWE, ECDH-ES over P-256, A256GCM; `kid` names the key).
 */
export interface Sealer {
  /** Compact JWE and the id of the key it is sealed to. */
  seal(secret: unknown): Promise<{ jwe: string; keyId: string }>;
}

export interface Unsealer {
  /** Throws where no key of ours opens it. */
  unseal(jwe: string): Promise<unknown>;
}
