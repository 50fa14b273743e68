/** A fresh pair of sealing keys, as the variables of the api and the dispatcher hold them. */
import { exportJWK, generateKeyPair } from "jose";

export async function sealKeys(): Promise<{ publicJwk: string; privateJwks: string }> {
  const { publicKey, privateKey } = await generateKeyPair("ECDH-ES", { crv: "P-256", extractable: true });
  const kid = crypto.randomUUID();
  return {
    publicJwk: JSON.stringify({ ...(await exportJWK(publicKey)), kid }),
    privateJwks: JSON.stringify({ keys: [{ ...(await exportJWK(privateKey)), kid }] }),
  };
}
