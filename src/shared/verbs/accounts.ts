/** A project's accounts, opened and ready to carry, in the order in which they are tried. */
import type { Channel } from "../core/channels.ts";
import { listPriceOf } from "../core/default-prices.ts";
import type { OutboundLimits } from "../core/outbound.ts";
import { type PriceTable, parsePrices } from "../core/price.ts";
import { type ConnectionRow, connectionsOf } from "../db/control/connections.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Account, HttpProvider, Provider } from "../providers/provider.ts";
import { providerOf } from "../providers/registry.ts";
import type { Deps } from "./deps.ts";

/** `account` is null exactly where `error` says why the connection cannot be used. */
export type OpenConnection = {
  readonly connectionId: string;
  readonly channel: Channel;
  readonly provider: Provider;
  readonly account: Account | null;
  readonly error: string | null;
  readonly priority: number;
  /** How fast it may be used, and how often at once. */
  readonly limits: OutboundLimits;
  /** Its own, or its provider's list prices; null where nobody knows. */
  readonly prices: PriceTable | null;
};

const CACHE_MS = 10_000;
const CACHE_LIMIT = 1000;

interface Opened {
  readonly until: number;
  /** The row each connection was opened from, so that one that has not changed is not opened again. */
  readonly rows: ReadonlyMap<string, { readonly row: ConnectionRow; readonly open: OpenConnection }>;
  readonly byChannel: ReadonlyMap<Channel, readonly OpenConnection[]>;
}

/** Resolved values only: a promise of one invocation must not be awaited by another (workerd forbids it). */
const cache = new Map<string, Opened>();

type Accounts = Opened["byChannel"];

/** What one invocation is reading, which its unsealer stands for: runtime/wire.ts makes a new one for each. */
const flights = new WeakMap<Deps["unsealer"], Map<string, Promise<Accounts>>>();

/**
 * The enabled connections of a project by channel, lowest priority number first. At most 10 s old. One that
 * cannot be opened is in its place with an `error`, and takes nothing from the others. Those who ask at the same time
 * get the same accounts, so that they share what is bound to them (sessions.ts).
 */
export async function openAccounts(
  deps: Pick<Deps, "control" | "unsealer" | "mailer" | "now">,
  scope: ProjectScope,
): Promise<Accounts> {
  const key = cacheKey(scope);
  const known = cache.get(key);
  if (known && known.until > deps.now()) return known.byChannel;

  const own = flights.get(deps.unsealer) ?? new Map<string, Promise<Accounts>>();
  flights.set(deps.unsealer, own);
  const flight = own.get(key) ?? readAccounts(deps, scope, known).finally(() => own.delete(key));
  own.set(key, flight);
  return flight;
}

async function readAccounts(
  deps: Pick<Deps, "control" | "unsealer" | "mailer" | "now">,
  scope: ProjectScope,
  known: Opened | undefined,
): Promise<Accounts> {
  const key = cacheKey(scope);
  const now = deps.now();
  const rows = await connectionsOf(deps.control, scope).enabled();
  const opened = await Promise.all(
    rows.map(async (row) => {
      const before = known?.rows.get(row.id);
      const same = before && before.row.updatedAt === row.updatedAt && before.row.credentials === row.credentials;
      return { row, open: same ? before.open : await openConnection(deps, row) };
    }),
  );
  const byChannel = new Map<Channel, OpenConnection[]>();
  for (const { open } of opened) byChannel.set(open.channel, [...(byChannel.get(open.channel) ?? []), open]);

  cache.delete(key);
  for (const oldest of cache.keys()) {
    if (cache.size < CACHE_LIMIT) break;
    cache.delete(oldest);
  }
  cache.set(key, { until: now + CACHE_MS, rows: new Map(opened.map((o) => [o.row.id, o])), byChannel });
  return byChannel;
}

/** The next `openAccounts` of this project reads again. */
export function forgetAccounts(scope: ProjectScope): void {
  cache.delete(cacheKey(scope));
}

function cacheKey({ tenantId, projectId }: ProjectScope): string {
  return `${tenantId}/${projectId}`;
}

/** Opens one connection. Never throws, and never puts a secret into `error`. */
export async function openConnection(deps: Pick<Deps, "unsealer" | "mailer">, row: ConnectionRow): Promise<OpenConnection> {
  const channel = channelOf(row);
  const provider = providerOf(row.provider);
  const base = {
    connectionId: row.id,
    channel,
    provider: provider ?? unknownProvider(row.provider),
    priority: row.priority,
    // The column was written by createConnection and updateConnection, in this shape.
    limits: (parsed(row.limits) ?? {}) as OutboundLimits,
    prices: parsePrices(row.prices) ?? listPriceOf(row.provider, channel)?.prices ?? null,
  };
  const fail = (error: string): OpenConnection => ({ ...base, account: null, error });
  if (!provider) return fail(`there is no provider ${row.provider}`);
  if (!provider.channels.includes(channel)) return fail(`${row.provider} does not carry ${row.channel}`);
  if (provider.kind === "binding" && deps[provider.needs] === null) {
    return fail(`this deployment has no binding for ${provider.name}: workers/dispatcher/wrangler.toml says how it gets one`);
  }
  let secret: unknown;
  try {
    secret = await deps.unsealer.unseal(row.credentials);
  } catch {
    // Why a decryption failed is not told: its text may quote what it tried to open.
    return fail("the credentials cannot be opened: the key that they were sealed to is gone");
  }
  const credentials = provider.credentials.safeParse(secret);
  if (!credentials.success) return fail("the credentials do not have the shape that the provider needs");
  const settings = provider.settings.safeParse(parsed(row.settings));
  if (!settings.success) return fail("the settings do not have the shape that the provider needs");
  return { ...base, account: { connectionId: row.id, credentials: credentials.data, settings: settings.data }, error: null };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined; // which no schema takes, so that it is reported as a wrong shape
  }
}

/** The column holds what contract/connections.ts let in, so it is one of CHANNELS. */
function channelOf(row: ConnectionRow): Channel {
  return row.channel as Channel;
}

/** Stands in for a provider that this release does not know (a rolled-back deployment). It is never asked to carry. */
function unknownProvider(id: string): HttpProvider {
  const never = (): never => {
    throw new Error(`there is no provider ${id}`);
  };
  const nothing = { safeParse: never } as unknown as HttpProvider["credentials"];
  return {
    kind: "http",
    id,
    name: id,
    channels: [],
    credentials: nothing,
    settings: nothing,
    timeoutMs: 0,
    idempotent: false,
    encode: never,
    decode: never,
    probe: { encode: never, decode: never },
  };
}
