/** Variables and secrets of a local deployment: who holds what is the same as in production. */
import type { WorkerConfig } from "./configs.ts";
import { type Secrets, sha256Hex } from "./secrets.ts";

/** Variables that the environment may set for `npm start`, with what they are if it does not. */
const LOCAL_VARIABLES = { LOG_LEVEL: "warn", ALLOW_PRIVATE_ENDPOINTS: "true", PUBLIC_URL: "", SNS_CERT_ORIGIN: "" } as const;

/** Declared in no wrangler.toml, since no deployment may count (runtime/ledger.ts), break things or hurry. */
const UNDECLARED = ["LEDGER", "CHAOS", "TIMING"] as const;

export function variablesOf(
  worker: WorkerConfig,
  secrets: Secrets,
  { url, ...overrides }: Readonly<Record<string, string>> & { readonly url: string },
): Record<string, string> {
  const all: Record<string, string> = {
    ...LOCAL_VARIABLES,
    PUBLIC_URL: url,
    ...overrides,
    SEAL_PUBLIC_KEY: secrets.sealPublicKey,
    WEBHOOK_SEAL_PUBLIC_KEY: secrets.webhookSealPublicKey,
    OPERATOR_KEY_HASH: sha256Hex(secrets.operatorKey),
  };
  return {
    ...Object.fromEntries(Object.entries(all).filter(([name]) => name in worker.vars)),
    ...Object.fromEntries(UNDECLARED.flatMap((name) => (overrides[name] === undefined ? [] : [[name, overrides[name]]]))),
    ...secretsOf(worker.name, secrets),
  };
}

/** Secrets are not in wrangler.toml. Only the dispatcher can unseal sending credentials; webhooks unseals what it was given itself. */
function secretsOf(worker: string, { sealPrivateKeys, webhookSealPrivateKeys, linkSecret }: Secrets): Record<string, string> {
  if (worker === "carillon-dispatcher") return { SEAL_PRIVATE_KEYS: sealPrivateKeys, LINK_SECRET: linkSecret };
  if (worker === "carillon-webhooks") return { WEBHOOK_SEAL_PRIVATE_KEYS: webhookSealPrivateKeys, LINK_SECRET: linkSecret };
  return worker === "carillon-api" ? { LINK_SECRET: linkSecret } : {};
}
