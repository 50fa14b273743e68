/**
 * Whom a verified callback says not to write to again, or to write to again after all. What a tenant's own account at a
 * provider knows of an address holds for all that the tenant sends, also where the mail did not go through here.
 */
import { normaliseDestination } from "../core/destination.ts";
import { parseAttemptId, parseMessageId } from "../core/ids.ts";
import { suppressionKey } from "../core/suppression.ts";
import { commit } from "../db/commit.ts";
import { suppressionsOf } from "../db/control/suppressions.ts";
import { addressesOf } from "../db/messages/destinations.ts";
import type { ProviderSignal } from "../providers/provider.ts";
import type { Deps } from "./deps.ts";
import type { HookAccount } from "./hook-accounts.ts";
import { type Suppressing, suppress } from "./suppress.ts";

type SignalDeps = Pick<Deps, "now" | "log" | "control" | "shards">;

export async function suppressSignalled(
  deps: SignalDeps,
  account: HookAccount,
  signals: readonly ProviderSignal[],
): Promise<void> {
  const { tenantId, projectId, channel, provider } = account;
  const [bad, again] = await Promise.all([
    Promise.all(signals.filter((s) => s.suppress !== undefined).map((s) => whomOf(deps, account, s))),
    Promise.all(signals.filter((s) => s.resubscribes === true).map((s) => whomOf(deps, account, s))),
  ]);
  const lifted = again.flatMap((who) =>
    who === null ? [] : [{ channel, destination: suppressionKey(channel, who.destination) }],
  );
  if (lifted.length > 0) {
    await commit(deps.control, [suppressionsOf(deps.control, account).lift(lifted, "unsubscribe")]);
    deps.log({ level: "info", event: "resubscribed", tenant_id: tenantId, channel, destinations: lifted.length });
  }
  const rows = bad.flatMap((who): Suppressing[] =>
    who?.reason === undefined ? [] : [{ ...who, reason: who.reason, channel, projectId, source: `provider:${provider}` }],
  );
  await suppress(deps, tenantId, rows);
}

interface Whom {
  readonly destination: string;
  readonly reason: ProviderSignal["suppress"];
  readonly messageId: string | null;
}

/** The recipient that the provider names, who may be one in copy; else the one that the attempt went to. */
async function whomOf(deps: SignalDeps, { tenantId, channel }: HookAccount, signal: ProviderSignal): Promise<Whom | null> {
  const attempt = signal.attemptId === null ? null : parseAttemptId(signal.attemptId);
  const about = { reason: signal.suppress, messageId: attempt?.messageId ?? null };
  const named = signal.recipient === undefined ? null : normaliseDestination(channel, signal.recipient);
  if (named?.ok) return { ...about, destination: named.destination };
  const db = attempt === null ? undefined : deps.shards[parseMessageId(attempt.messageId)?.dbShard ?? -1];
  if (attempt === null || !db) return null;
  const address = (await addressesOf(db, { tenantId }, attempt.messageId))[attempt.delivery];
  return address?.channel === channel ? { ...about, destination: address.destination } : null;
}
