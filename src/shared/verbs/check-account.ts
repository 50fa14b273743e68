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
type CheckDeps = Pick<Deps, "sealer" | "allowPrivateEndpoints">;

/**
 * The columns of credentials and settings, each where given. Refuses with every flaw of both, located as in
 * `credentials.access_key_id`. Credentials leave here sealed or not at all.
 */
export async function checkAccount(
  deps: CheckDeps,
  provider: Provider,
  given: { readonly credentials: Fields; readonly settings: Fields },
): Promise<AccountColumns>;
export async function checkAccount(
  deps: CheckDeps,
  provider: Provider,
  given: { readonly credentials?: Fields | undefined; readonly settings?: Fields | undefined },
): Promise<Partial<AccountColumns>>;
export async function checkAccount(
  deps: CheckDeps,
  provider: Provider,
  given: { readonly credentials?: Fields | undefined; readonly settings?: Fields | undefined },
): Promise<Partial<AccountColumns>> {
  const flaws: Flaw[] = [];
  const credentials = parsed(provider.credentials, "credentials", given.credentials, flaws);
  const settings = parsed(provider.settings, "settings", given.settings, flaws);
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

  const sealed = credentials === undefined ? undefined : await deps.sealer.seal(credentials);
  return {
    ...(sealed && {
      credentials: sealed.jwe,
      credentialsKeyId: sealed.keyId,
      credentialHints: JSON.stringify(hintsOf(credentials ?? {})),
    }),
    ...(settings && { settings: JSON.stringify(settings) }),
  };
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
