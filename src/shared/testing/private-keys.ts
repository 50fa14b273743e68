/** Private keys for tests, made anew each time. */
import { exportPKCS8, exportSPKI, generateKeyPair } from "jose";

/** PKCS #8 in PEM, and its public half in PEM. */
export async function makeKeys(
  algorithm: "RS256" | "ES256",
): Promise<{ readonly privatePem: string; readonly publicPem: string }> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  return { privatePem: await exportPKCS8(privateKey), publicPem: await exportSPKI(publicKey) };
}
