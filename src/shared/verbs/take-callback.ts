/**
 * IN: a provider calls back. What it says is verified, then durable on the queue `events`, and whom it says not to write
 * to is on the list, before it is answered: a provider that hears no 2xx comes again, and a repeat changes nothing.
 */
import type { Signal } from "../contract/jobs.ts";
import { parseAttemptId, parseMessageId } from "../core/ids.ts";
import { hash32 } from "../core/placement.ts";
import { commit } from "../db/commit.ts";
import { spend } from "../db/messages/spent-signatures.ts";
import type { Callback, ProviderSignal } from "../providers/provider.ts";
import { sha256Hex } from "./authenticate.ts";
import { certificateAt } from "./certificates.ts";
import type { Deps } from "./deps.ts";
import { type HookAccount, type HookPlace, hookAccount } from "./hook-accounts.ts";
import { noteForged } from "./note-forged.ts";
import { suppressSignalled } from "./suppress-signalled.ts";

export type Taken =
  /** Nothing at this place calls back. */
  | { readonly kind: "unknown" }
  | { readonly kind: "forged"; readonly reason: string }
  /** To be answered with this body. */
  | { readonly kind: "answered"; readonly body: string }
  | { readonly kind: "taken"; readonly tenantId: string; readonly signals: number };

type TakeDeps = Pick<Deps, "now" | "random" | "log" | "control" | "shards" | "unsealer" | "carrier" | "ringer" | "snsOrigin">;

const CONFIRM_TIMEOUT_MS = 10_000;

/** Throws where something of ours, or the provider's own certificate, cannot be reached. */
export async function takeCallback(deps: TakeDeps, place: HookPlace, callback: Callback): Promise<Taken> {
  const account = await hookAccount(deps, place);
  if (account === null) return { kind: "unknown" };
  if (account.verification === null) return refuse(deps, account, "The connection has no callback_verification.");
  const reading = await account.callbacks.read(callback, account.verification, {
    now: deps.now(),
    certificate: (url) => certificateAt(deps, url),
    snsOrigin: deps.snsOrigin,
  });
  switch (reading.kind) {
    case "forged":
      return refuse(deps, account, reading.reason);
    case "challenge":
      return { kind: "answered", body: reading.body };
    case "confirm":
      await confirm(deps, account, reading.url);
      return { kind: "taken", tenantId: account.tenantId, signals: 0 };
    case "ignored":
      return { kind: "taken", tenantId: account.tenantId, signals: 0 };
    case "signals": {
      const { once, signals } = reading;
      if (once !== undefined && !(await isItsOnlyBody(deps, account, once, callback.body))) {
        return refuse(deps, account, "Its signature came with another body before.");
      }
      await Promise.all([tellRecorder(deps, account, signals), suppressSignalled(deps, account, signals)]);
      return { kind: "taken", tenantId: account.tenantId, signals: signals.length };
    }
  }
}

async function refuse(deps: TakeDeps, account: HookAccount, reason: string): Promise<Taken> {
  await noteForged(deps, account, reason);
  return { kind: "forged", reason };
}

/** Fetched once: where it fails, the provider asks again. */
async function confirm(deps: TakeDeps, { tenantId, id }: HookAccount, url: string): Promise<void> {
  const answer = await deps.carrier.carry(new Request(url), CONFIRM_TIMEOUT_MS);
  const isDone = answer.kind === "answered" && answer.status >= 200 && answer.status < 300;
  deps.log({
    level: isDone ? "info" : "warn",
    event: "subscription_confirmed",
    tenant_id: tenantId,
    connection_id: id,
    ok: isDone,
  });
  if (!isDone) throw new Error("the subscription could not be confirmed");
}

/** The same body again is a repeat, and no harm. */
async function isItsOnlyBody(deps: TakeDeps, account: HookAccount, token: string, body: Uint8Array): Promise<boolean> {
  const db = deps.shards[hash32(account.id) % deps.shards.length];
  if (!db) throw new Error("there is no message database");
  const bodyHash = await sha256Hex(body);
  const results = await commit(db, spend(db, account, { connectionId: account.id, token, bodyHash }, deps.now()));
  return (results.at(-1)?.results[0] as { hash: string } | undefined)?.hash === bodyHash;
}

/** Signals by the database of their message. One that names no attempt of ours is about a mail that others sent. */
async function tellRecorder(deps: TakeDeps, account: HookAccount, signals: readonly ProviderSignal[]): Promise<void> {
  const byShard = new Map<number, Signal[]>();
  let strange = 0;
  for (const signal of signals) {
    const attempt = signal.attemptId === null ? null : parseAttemptId(signal.attemptId);
    const shard = attempt === null ? undefined : parseMessageId(attempt.messageId)?.dbShard;
    if (attempt === null || shard === undefined || shard >= deps.shards.length) {
      strange += 1;
      continue;
    }
    const told = toSignal(account, signal, attempt, deps.now());
    const list = byShard.get(shard);
    if (list) list.push(told);
    else byShard.set(shard, [told]);
  }
  if (strange > 0) {
    deps.log({
      level: "debug",
      event: "signals_of_others",
      tenant_id: account.tenantId,
      connection_id: account.id,
      signals: strange,
    });
  }
  await Promise.all([...byShard].map(([shard, mine]) => deps.ringer.signal(account.tenantId, shard, mine)));
}

function toSignal(
  { id, provider }: HookAccount,
  signal: ProviderSignal,
  attempt: { readonly messageId: string; readonly delivery: number },
  now: number,
): Signal {
  const { attemptId, code, type, recipient } = signal;
  const reason = withoutRecipient(signal.reason, recipient);
  return {
    message_id: attempt.messageId,
    // Two connections to one account hear of the same event: it is one.
    key: `${provider}:${signal.key}`,
    type,
    // A provider's clock may be ahead of ours.
    at: Math.min(signal.at, now),
    delivery: attempt.delivery,
    connection_id: id,
    provider,
    ...(attemptId === null ? {} : { attempt_id: attemptId }),
    ...(code === undefined ? {} : { code }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Nothing personal rests on a queue: mail servers like to quote whom they refused. */
function withoutRecipient(reason: string | undefined, recipient: string | undefined): string | undefined {
  if (reason === undefined || recipient === undefined || recipient === "") return reason;
  return reason.replace(new RegExp(recipient.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi"), "(recipient)");
}
