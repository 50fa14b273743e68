/** The connections that may carry a delivery, in the order in which they are tried. */
import type { Channel } from "../core/channels.ts";
import type { Delivery, Envelope } from "../core/message.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Account, Provider, SandboxProvider } from "../providers/provider.ts";
import { sandbox } from "../providers/sandbox.ts";
import { contentRefusal } from "../providers/supports.ts";
import { type OpenConnection, openAccounts } from "./accounts.ts";
import type { Deps } from "./deps.ts";

export type Candidate = Pick<
  OpenConnection,
  "connectionId" | "provider" | "account" | "error" | "limits" | "priority" | "prices"
>;

const TEST_CANDIDATES: readonly Candidate[] = [
  { connectionId: "sandbox", provider: sandbox, account: null, error: null, limits: {}, priority: 0, prices: null },
];

/**
 * A test message only ever meets the sandbox. A live one meets the project's connections of its channel; the sandbox
 * is among them only where it stands first, since it must never stand in for a provider that failed.
 * Those that cannot be opened are among them, with an `error`.
 */
export async function candidatesOf(
  deps: Pick<Deps, "control" | "unsealer" | "mailer" | "now" | "health">,
  scope: ProjectScope,
  mode: string,
  channel: Channel,
): Promise<readonly Candidate[]> {
  if (mode === "test") return TEST_CANDIDATES;
  const all = (await openAccounts(deps, scope)).get(channel) ?? [];
  const first = all[0];
  const kind = all.filter((c) => (c.provider.kind === "sandbox") === (first?.provider.kind === "sandbox"));
  const real = kind.filter((c) => c.provider.kind !== "sandbox" && c.error === null).map((c) => c.connectionId);
  if (real.length > 0) await deps.health.know(scope.tenantId, real);
  return kind;
}

/** Those that carry such a destination at all; why not, where none does. */
export function ableTo(
  candidates: readonly Candidate[],
  destination: string,
): readonly Candidate[] | { readonly code: string; readonly reason: string } {
  return without(candidates, (provider, account) => provider.refuse?.(destination, account) ?? null);
}

/** Those that carry such content at all; why not, where none does. */
export function ableToCarry(
  candidates: readonly Candidate[],
  envelope: Envelope,
): readonly Candidate[] | { readonly code: string; readonly reason: string } {
  return without(candidates, (provider, account) => contentRefusal(provider, envelope, account));
}

function without(
  candidates: readonly Candidate[],
  refuse: (
    provider: Exclude<Provider, SandboxProvider>,
    account: Account,
  ) => { readonly code: string; readonly reason: string } | null,
): readonly Candidate[] | { readonly code: string; readonly reason: string } {
  let refusal: { readonly code: string; readonly reason: string } | null = null;
  const able = candidates.filter(({ provider, account }) => {
    if (provider.kind === "sandbox" || account === null) return true;
    const no = refuse(provider, account);
    refusal ??= no;
    return no === null;
  });
  return able.length === 0 && refusal !== null ? refusal : able;
}

/** The same attempt may go again over this connection without doubling. */
export function isIdempotent({ provider, account }: Candidate): boolean {
  if (provider.kind === "sandbox") return true;
  const { idempotent } = provider;
  return typeof idempotent === "boolean" ? idempotent : account !== null && idempotent(account);
}

/**
 * Whether a delivery that somebody may have sent can simply be tried again, and over which connection: where the
 * one that had it takes an idempotency key. Which one had it is known from the attempt that got no answer, or where
 * there is only one.
 */
export function repeatable(candidates: readonly Candidate[], delivery: Delivery): Candidate | null {
  const usable = candidates.filter((c) => c.error === null);
  const last = delivery.attempts.at(-1);
  const had =
    last?.outcome === "unknown"
      ? usable.find((c) => c.connectionId === last.connection_id)
      : usable.length === 1
        ? usable[0]
        : null;
  if (had) return isIdempotent(had) ? had : null;
  const [any] = usable;
  return any && usable.every((c) => c.provider.kind === "sandbox") ? any : null;
}
