/**
 * Provider sessions: tokens that are opened once and carried by many calls. Kept in the isolate, bound to the opened
 * account itself: who changes the credentials gets another account and so another token, and no tenant can name
 * the token of another.
 */
import type { FailedReceipt, Receipt } from "../core/message.ts";
import type { Account, HttpProvider, Token } from "../providers/provider.ts";
import type { Deps } from "./deps.ts";

type SessionDeps = Pick<Deps, "now" | "carrier">;

/** A token is not used in its last five minutes. */
const SPARE_MS = 300_000;
/** A failure to open holds for so long within its invocation, so that a pack of fifty does not ask fifty times. */
const FAILURE_MS = 5000;

interface Opened {
  readonly token: Token;
  /** The provider has taken it at least once. */
  readonly isProven: boolean;
}

/** Resolved values only: a promise of one invocation must not be awaited by another (workerd forbids it). */
const opened = new WeakMap<Account, Opened>();

interface Flight {
  readonly opening: Promise<Token | FailedReceipt>;
  readonly startedAt: number;
}

/** Of one invocation, which its carrier stands for: runtime/wire.ts makes a new one for each. */
const flights = new WeakMap<Deps["carrier"], Map<Account, Flight>>();

/**
 * The token that a call with this account has to carry, or why there is none; null where the provider needs none.
 * Opened by one caller of the invocation at a time. A failure is never `unknown`, since nothing was sent.
 */
export async function sessionFor(
  deps: SessionDeps,
  provider: HttpProvider,
  account: Account,
): Promise<Token | FailedReceipt | null> {
  if (provider.session === undefined) return null;
  const now = deps.now();
  const known = opened.get(account);
  if (known && now < known.token.expiresAt - SPARE_MS) return known.token;

  const own = flights.get(deps.carrier) ?? new Map<Account, Flight>();
  flights.set(deps.carrier, own);
  const before = own.get(account);
  if (before && now < before.startedAt + FAILURE_MS) return before.opening;
  const opening = open(deps, provider, provider.session, account);
  own.set(account, { opening, startedAt: now });
  const result = await opening;
  if ("outcome" in result) return result;
  opened.set(account, { token: result, isProven: false });
  own.delete(account);
  return result;
}

async function open(
  deps: SessionDeps,
  provider: HttpProvider,
  session: NonNullable<HttpProvider["session"]>,
  account: Account,
): Promise<Token | FailedReceipt> {
  const asked = await session.open(account, { now: deps.now() });
  if (!(asked instanceof Request)) return asked;
  const carried = await deps.carrier.carry(asked, provider.timeoutMs);
  if (carried.kind !== "answered") return { outcome: "transient", code: "session_not_reached", reason: carried.reason };
  if (session.read === undefined) throw new Error(`${provider.id} does not say what its session's answer means`);
  return session.read(carried, { now: deps.now() });
}

/**
 * What a receipt means once its session is seen to. A token that the provider took before and takes no more is forgotten,
 * so that the next try opens another. One that it never took is no better the next time, unless its time is up: the
 * account is at fault.
 */
export function settleSession(deps: Pick<Deps, "now">, account: Account, session: Token | null, receipt: Receipt): Receipt {
  const known = opened.get(account);
  // Where it is another, somebody else was refused the same token first, and a newer one is there.
  if (session === null || known?.token.token !== session.token) return receipt;
  if (receipt.outcome === "sent" || receipt.sessionExpired !== true) {
    if (!known.isProven && saysThatItWasTaken(receipt)) opened.set(account, { ...known, isProven: true });
    return receipt;
  }
  opened.delete(account);
  return known.isProven || session.expiresAt <= deps.now() ? receipt : { ...receipt, outcome: "misconfigured" };
}

/** The provider looked at the message, so the token was well. */
function saysThatItWasTaken({ outcome }: Receipt): boolean {
  return outcome === "sent" || outcome === "recipient_invalid" || outcome === "permanent";
}
