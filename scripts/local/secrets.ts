/** Secrets of a local deployment: made once, kept in its state folder. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sealKeys } from "../../src/shared/adapters/seal-keys.ts";
import { random32 } from "../../src/shared/core/ids.ts";

export interface Secrets {
  /** `ck_operator_…`, for `/admin`. */
  readonly operatorKey: string;
  /** A JWK: credentials are sealed to it. */
  readonly sealPublicKey: string;
  /** A JWK Set that unseals them. */
  readonly sealPrivateKeys: string;
  /** A JWK: what verifies callbacks from providers, and signs those to customers, is sealed to it. */
  readonly webhookSealPublicKey: string;
  /** A JWK Set that unseals them. */
  readonly webhookSealPrivateKeys: string;
  /** Signs tracking and unsubscribe links. */
  readonly linkSecret: string;
  /** The tenant that the first start made, with keys to print again. */
  readonly demo?: Demo;
}

export interface Demo {
  readonly tenantId: string;
  readonly projectId: string;
  readonly liveKey: string;
  readonly testKey: string;
}

export const random = (bytes: number): Uint8Array => randomBytes(bytes);

const pathIn = (stateDir: string): string => join(stateDir, "secrets.json");

/** Reads the secrets of `stateDir`; makes those that are not there yet. Its file is readable by its owner only. */
export async function loadSecrets(stateDir: string): Promise<Secrets> {
  let text: string;
  try {
    text = readFileSync(pathIn(stateDir), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const made = await makeSecrets();
    saveSecrets(stateDir, made);
    return made;
  }
  // A folder of an earlier release lacks what has come since.
  const kept = JSON.parse(text) as Partial<Secrets>;
  const made = await makeSecrets();
  const whole = { ...made, ...kept };
  if (Object.keys(made).some((name) => !(name in kept))) saveSecrets(stateDir, whole);
  return whole;
}

/** Replaces the file in one step, so that a kill leaves the old one or the new one. */
export function saveSecrets(stateDir: string, secrets: Secrets): void {
  const path = pathIn(stateDir);
  writeFileSync(`${path}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

async function makeSecrets(): Promise<Secrets> {
  const [{ publicJwk, privateJwks }, webhooks] = await Promise.all([sealKeys(), sealKeys()]);
  return {
    operatorKey: `ck_operator_${random32(random, 32)}`,
    sealPublicKey: publicJwk,
    sealPrivateKeys: privateJwks,
    webhookSealPublicKey: webhooks.publicJwk,
    webhookSealPrivateKeys: webhooks.privateJwks,
    linkSecret: randomBytes(32).toString("base64url"),
  };
}

export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
