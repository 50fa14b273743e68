/** Whether what a caller gave makes an account at a provider. */
import { flawsOf } from "../contract/flaws.ts";
import type { Channel } from "../core/channels.ts";
import { endpointFlaw, hostFlaw } from "../core/endpoint.ts";
import { Fault, type Flaw } from "../core/faults.ts";
import { maskSecret } from "../core/mask.ts";
import type { ConnectionRow } from "../db/control/connections.ts";
import type { Provider } from "../providers/provider.ts";
import { providerOf } from "../providers/registry.ts";
import type { Deps } from "./deps.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The provider for a channel; refuses one that does not exist or does not carry it. */
export function providerFor(id: string, channel: Channel): Provider {
  const provider = providerOf(id);
  if (!provider) throw new Fault("validation_failed", { errors: [{ path: "provider", message: "There is no such provider." }] });
  if (!provider.channels.includes(channel)) {
    const message = `${provider.name} carries ${provider.channels.join(", ")}.`;
    throw new Fault("validation_failed", { errors: [{ path: "channel", message }] });
  }
  return provider;
}

export type AccountColumns = Pick<ConnectionRow, "credentials" | "credentialsKeyId" | "credentialHints" | "settings">;
export type VerificationColumns = Pick<ConnectionRow, "verification" | "verificationHints">;
type CheckDeps = Pick<Deps, "sealer" | "webhookSealer" | "allowPrivateEndpoints">;

/** What verifies callbacks: null takes it away. */
interface Verifying {
  readonly verification?: Fields | null | undefined;
}

/**
 * The columns of credentials, settings and verification, each where given. Refuses with every flaw of all, located as in
 * `credentials.access_key_id`. Secrets leave here sealed or not at all.
 */
export async function checkAccount(
  deps: CheckDeps,
  provider: Provider,
  given: { readonly credentials: Fields; readonly settings: Fields } & Verifying,
): Promise<AccountColumns & Partial<VerificationColumns>>;
export async function checkAccount(
  deps: CheckDeps,
  provider: Provider,
  given: { readonly credentials?: Fields | undefined; readonly settings?: Fields | undefined } & Verifying,
): Promise<Partial<AccountColumns & VerificationColumns>>;
export async function checkAccount(
  deps: CheckDeps,
  provider: Provider,
  given: { readonly credentials?: Fields | undefined; readonly settings?: Fields | undefined } & Verifying,
): Promise<Partial<AccountColumns & VerificationColumns>> {
  const flaws: Flaw[] = [];
  const credentials = parsed(provider.credentials, "credentials", given.credentials, flaws);
  const settings = parsed(provider.settings, "settings", given.settings, flaws);
  const verification = verificationOf(provider, given.verification, flaws);
  const endpoint = settings?.endpoint;
  const wrong = typeof endpoint === "string" ? endpointFlaw(endpoint, deps.allowPrivateEndpoints) : null;
  if (wrong !== null) flaws.push({ path: "settings.endpoint", message: wrong });
  const host = provider.kind === "dialogue" && settings !== undefined ? provider.hostOf({ settings }) : null;
  const unreachable = host === null ? null : hostFlaw(host, deps.allowPrivateEndpoints);
  if (unreachable !== null) flaws.push({ path: "settings.host", message: unreachable });
  flaws.push(...addressFlaws(deps, provider, settings));
  const whole = provider.kind === "http" && credentials && settings ? provider.accountFlaw?.({ credentials, settings }) : null;
  if (whole) flaws.push({ path: "credentials", message: whole.reason });
  if (flaws.length > 0) throw new Fault("validation_failed", { errors: flaws });

  const [sealed, sealedVerification] = await Promise.all([
    credentials === undefined ? undefined : deps.sealer.seal(credentials),
    verification ? deps.webhookSealer.seal(verification) : undefined,
  ]);
  return {
    ...(sealed && {
      credentials: sealed.jwe,
      credentialsKeyId: sealed.keyId,
      credentialHints: JSON.stringify(hintsOf(credentials ?? {})),
    }),
    ...(settings && { settings: JSON.stringify(settings) }),
    ...(verification !== undefined && {
      verification: sealedVerification?.jwe ?? null,
      verificationHints: JSON.stringify(hintsOf(verification ?? {})),
    }),
  };
}

const VERIFICATION = "callback_verification";

function verificationOf(provider: Provider, given: Fields | null | undefined, flaws: Flaw[]): Fields | null | undefined {
  if (given === undefined || given === null) return given;
  const callbacks = provider.kind === "http" ? provider.callbacks : undefined;
  if (callbacks) return parsed(callbacks.verification, VERIFICATION, given, flaws);
  flaws.push({ path: VERIFICATION, message: `${provider.name} never calls back.` });
  return undefined;
}

function parsed(shape: Provider["settings"], at: string, given: Fields | undefined, flaws: Flaw[]): Fields | undefined {
  if (given === undefined) return undefined;
  const result = shape.safeParse(given);
  // Every provider's schemas are objects (testing/describe-provider.ts asserts it).
  if (result.success) return result.data as Fields;
  flaws.push(...flawsOf(result.error).map(({ path, message }) => ({ path: path === "" ? at : `${at}.${path}`, message })));
  return undefined;
}

/** A provider whose settings hold URLs of their own, as the generic one has, is no way to private addresses either. */
function addressFlaws(deps: CheckDeps, provider: Provider, settings: Fields | undefined): Flaw[] {
  if (provider.kind !== "http" || settings === undefined) return [];
  return (provider.addresses?.({ settings }) ?? []).flatMap(({ field, base }) => {
    const wrong = endpointFlaw(base, deps.allowPrivateEndpoints);
    return wrong === null ? [] : [{ path: `settings.${field}`, message: wrong }];
  });
}

/** Secrets in a list of their own are named by it: `secrets.token`. */
function hintsOf(credentials: Fields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(credentials).flatMap(([field, value]) => {
      if (typeof value === "string") return [[field, maskSecret(value)]];
      if (typeof value !== "object" || value === null) return [];
      return Object.entries(hintsOf(value as Fields)).map(([name, hint]) => [`${field}.${name}`, hint]);
    }),
  );
}
