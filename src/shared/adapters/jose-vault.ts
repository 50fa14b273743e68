/** Credentials sealed as compact JWE: ECDH-ES over P-256, A256GCM, `kid` for rotation. */
import { CompactEncrypt, compactDecrypt, importJWK, type JWK } from "jose";
import type { Sealer, Unsealer } from "../ports/vault.ts";

/** Seals to the public key given as a JWK in JSON. */
export function joseSealer(publicJwk: string): Sealer {
  return {
    async seal(secret) {
      const jwk = JSON.parse(publicJwk) as JWK;
      const keyId = jwk.kid ?? "";
      const jwe = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(secret)))
        .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM", kid: keyId })
        .encrypt(await importJWK(jwk, "ECDH-ES"));
      return { jwe, keyId };
    },
  };
}

/** Opens with the private key of a JWK Set (JSON) that the envelope's `kid` names. */
export function joseUnsealer(privateJwks: string): Unsealer {
  return {
    async unseal(jwe) {
      const { keys } = JSON.parse(privateJwks) as { keys: JWK[] };
      const { plaintext } = await compactDecrypt(jwe, async (header) => {
        const jwk = keys.find((k) => k.kid === header.kid);
        if (!jwk) throw new Error(`no private key ${String(header.kid)}`);
        return importJWK(jwk, "ECDH-ES");
      });
      return JSON.parse(new TextDecoder().decode(plaintext)) as unknown;
    },
  };
}
