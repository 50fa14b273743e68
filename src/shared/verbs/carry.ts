/** The way outside: encode, one fetch, decode. */
import { endpointFlaw } from "../core/endpoint.ts";
import { idempotencyKeyOf } from "../core/ids.ts";
import type { Delivery, Receipt } from "../core/message.ts";
import { hookPath } from "../core/placement.ts";
import type { Answer } from "../providers/provider.ts";
import type { Candidate } from "./candidates.ts";
import type { DeliverDeps } from "./deliver-deps.ts";
import type { Ready } from "./ready.ts";
import { sessionFor, settleSession } from "./sessions.ts";
import type { SandboxTrace } from "./tried.ts";

export interface Carriage {
  readonly startedAt: number;
  readonly receipt: Receipt;
  readonly trace?: SandboxTrace;
}

type CarryDeps = Pick<DeliverDeps, "now" | "random" | "carrier" | "sockets" | "mailer" | "publicUrl">;

/** Throws only before anything was sent. */
export async function carry(deps: CarryDeps, { messageId, delivery, connection, envelope }: Ready): Promise<Carriage> {
  const now = deps.now();
  const { connectionId, provider, account } = connection;
  if (provider.kind === "sandbox") {
    const { receipt, signals } = provider.simulate(envelope, delivery.attempts.length);
    return { startedAt: now, receipt, trace: { signals, caught: receipt.outcome === "sent" ? envelope : null } };
  }
  if (!account) throw new Error(`the connection ${connectionId} has no account`);
  if (provider.kind === "dialogue") {
    return { startedAt: now, receipt: await deps.sockets.converse(await provider.encode(envelope, account, { now })) };
  }
  if (provider.kind === "binding") {
    const bound = deps[provider.needs];
    if (bound === null) throw new Error(`this deployment has no ${provider.needs}`);
    const posted = await bound.send(provider.encode(envelope, account), provider.timeoutMs);
    return { startedAt: now, receipt: provider.decode(posted) };
  }
  const session = await sessionFor(deps, provider, account);
  if (session !== null && "outcome" in session) return { startedAt: now, receipt: session };
  const request = await provider.encode(envelope, account, {
    now,
    callbackUrl: callbackFor(deps.publicUrl, connection, delivery, envelope.attemptId),
    idempotencyKey: idempotencyKeyOf(messageId, delivery.n, connectionId),
    session: session?.token ?? null,
    random: deps.random,
  });
  const answer = await deps.carrier.carry(request, provider.timeoutOf?.(account) ?? provider.timeoutMs);
  return {
    startedAt: now,
    receipt: settleSession(
      deps,
      account,
      session,
      receiptOf(answer, (a) => provider.decode(a, account)),
    ),
  };
}

/** A provider refuses a callback that it cannot reach, so a private address is only told to a test double. */
function callbackFor(publicUrl: string, { connectionId, provider, account }: Candidate, delivery: Delivery, attempt: string) {
  const ownEndpoint = (account?.settings as { readonly endpoint?: string } | undefined)?.endpoint !== undefined;
  if (publicUrl === "" || (!ownEndpoint && endpointFlaw(publicUrl, false) !== null)) return null;
  return `${publicUrl}${hookPath(delivery.channel, provider.id, connectionId)}?attempt=${attempt}`;
}

type Carried = Awaited<ReturnType<CarryDeps["carrier"]["carry"]>>;

function receiptOf(carried: Carried, decode: (answer: Answer) => Receipt): Receipt {
  if (carried.kind !== "answered") return notAnswered(carried);
  try {
    return decode(carried);
  } catch (error) {
    // A fault of ours, found out too late: the provider has it, or has not.
    return { outcome: "unknown", code: "answer_not_understood", reason: String(error).slice(0, 200) };
  }
}

/** What it means that no answer came. */
export function notAnswered({ kind, reason }: Exclude<Carried, { kind: "answered" }>): Receipt {
  switch (kind) {
    case "not_sent":
      return { outcome: "transient", code: "not_reached", reason };
    case "unknown":
      return { outcome: "unknown", code: "no_answer", reason };
  }
}
