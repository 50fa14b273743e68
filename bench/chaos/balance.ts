/**
 * The balance of a run: what was accepted against what became of it, as the API tells it and as the providers saw
 * it. Pure, so that its own test can show that it finds what it is there to find.
 */
import { parseMessageId } from "../../src/shared/core/ids.ts";
import type { Taken } from "./carriers.ts";
import type { Guarantee } from "./orders.ts";

/** A message that was answered with 202. Times are milliseconds since 1970. */
export interface Accepted {
  readonly id: string;
  readonly tenant: number;
  readonly destination: string;
  /** False where the sandbox carries it: what that took, nobody else saw. */
  readonly isOutside: boolean;
  readonly guarantee: Guarantee;
  /** Scheduled for then. */
  readonly notBefore: number | null;
  readonly ttlSeconds: number | null;
  /** A cancel was answered with 200. */
  readonly isCancelled: boolean;
}

/** A message as `GET /v1/messages/{id}` shows it. */
export interface Seen {
  readonly id: string;
  readonly status: string;
  readonly expires_at: string | null;
  readonly deliveries: readonly {
    readonly phase: string;
    readonly attempts: readonly { readonly outcome: string }[];
  }[];
  readonly events: readonly { readonly type: string; readonly code: string | null; readonly attempt_id: string | null }[];
}

export interface Books {
  readonly accepted: readonly Accepted[];
  /** By id; missing where the API does not know it. */
  readonly seen: ReadonlyMap<string, Seen>;
  /** Every message that each tenant's list shows. */
  readonly listed: readonly (readonly string[])[];
  /** Of open dead letters. */
  readonly letters: readonly string[];
  readonly taken: readonly Taken[];
  /** Whether the run had power cuts or lost answers: without, nothing may come twice. */
  readonly mayDouble: boolean;
}

export interface Imbalance {
  readonly rule: string;
  readonly id: string;
  readonly what: string;
}

export interface Balance {
  readonly accepted: number;
  /** Status → messages. */
  readonly final: Readonly<Record<string, number>>;
  readonly dead_letters: number;
  readonly duplicates: { readonly count: number; readonly messages: readonly Duplicate[] };
  readonly in_doubt: number;
  readonly imbalances: readonly Imbalance[];
  /** Of the first few that do not balance: the message, and what providers took of it. */
  readonly evidence: readonly object[];
}

/** A message that providers took more than once. */
export interface Duplicate {
  readonly id: string;
  readonly times: number;
  readonly delivery: Guarantee;
  /** How often its log says that it may have gone out. */
  readonly doubts: number;
}

const FINAL: ReadonlySet<string> = new Set(["sent", "delivered", "failed", "expired", "suppressed", "cancelled"]);
/** Ends that stand against having been sent. */
const ENDS: ReadonlySet<string> = new Set(["expired", "suppressed", "cancelled"]);
/** Clocks of two processes on a busy machine, and the way to the provider. */
const SLACK_MS = 2_000;
const MOST_EVIDENCE = 5;

export function balance(books: Books): Balance {
  const { accepted, seen, taken } = books;
  const takenBy = grouped(taken, ({ to }) => to);
  const letters = new Set(books.letters);
  const imbalances: Imbalance[] = [...sets(books)];
  const duplicates: Duplicate[] = [];
  for (const message of accepted) {
    const found = seen.get(message.id);
    const mine = takenBy.get(message.destination) ?? [];
    const say = (rule: string, what: string) => imbalances.push({ rule, id: message.id, what });
    if (found === undefined) {
      say("lost", "It was answered with 202, and nobody knows it.");
      continue;
    }
    if (!FINAL.has(found.status)) say("open", `It is still ${found.status}.`);
    for (const [rule, what] of [
      ...letterFlaws(found, letters.has(message.id)),
      ...logFlaws(found),
      ...carriedFlaws(message, found, mine),
    ]) {
      say(rule, what);
    }
    if (message.isCancelled && found.status !== "cancelled")
      say("uncancelled", `Its cancel was answered 200, and it is ${found.status}.`);
    if (mine.length > 1) {
      const duplicate = { id: message.id, times: mine.length, delivery: message.guarantee, doubts: doubtsOf(found) };
      duplicates.push(duplicate);
      const flaw = duplicateFlaw(duplicate, books.mayDouble);
      if (flaw !== null) say("double", `${flaw} Taken by ${mine.map(({ provider }) => provider).join(", ")}.`);
    }
  }
  const final: Record<string, number> = {};
  for (const { status } of seen.values()) final[status] = (final[status] ?? 0) + 1;
  return {
    accepted: accepted.length,
    final,
    dead_letters: letters.size,
    duplicates: { count: duplicates.reduce((sum, { times }) => sum + times - 1, 0), messages: duplicates },
    in_doubt: [...seen.values()].filter(isDoubtful).length,
    imbalances,
    evidence: [...new Set(imbalances.map(({ id }) => id))].slice(0, MOST_EVIDENCE).map((id) => evidenceOf(books, id)),
  };
}

function evidenceOf({ accepted, seen, taken }: Books, id: string): object {
  const message = accepted.find((one) => one.id === id);
  const mine = taken.filter(({ to, messageId }) => messageId === id || to === message?.destination);
  return { message, seen: seen.get(id), taken: mine.map(({ at, ...rest }) => ({ ...rest, at: new Date(at).toISOString() })) };
}

/** Ids that stand where they should not, or not where they should. */
function sets({ accepted, listed, taken }: Books): Imbalance[] {
  const known = new Set(accepted.map(({ id }) => id));
  const found: Imbalance[] = [];
  if (known.size !== accepted.length) found.push({ rule: "same_id", id: "", what: "Two messages were accepted under one id." });
  for (const [tenant, ids] of listed.entries()) {
    const mine = new Set(accepted.filter((message) => message.tenant === tenant).map(({ id }) => id));
    for (const id of ids) if (!mine.has(id)) found.push({ rule: "orphan", id, what: "It is in the list, and no 202 named it." });
    const there = new Set(ids);
    for (const id of mine) if (!there.has(id)) found.push({ rule: "unlisted", id, what: "It is not in the list." });
  }
  for (const { provider, messageId } of taken) {
    if (messageId === null || parseMessageId(messageId) === null) {
      found.push({ rule: "anonymous", id: messageId ?? "", what: `${provider} took it with no id of ours.` });
    } else if (!known.has(messageId))
      found.push({ rule: "stray", id: messageId, what: `${provider} took it, and no 202 named it.` });
  }
  return found;
}

type Flaw = readonly [rule: string, what: string];

/**
 * Who is given up has a letter. A bounce comes after a delivery that went well: it has none. What was given up in doubt,
 * and is then reported delivered, has both.
 */
function letterFlaws(message: Seen, hasLetter: boolean): Flaw[] {
  const { status, events } = message;
  const isBounced = events.some(({ type }) => type === "bounced");
  if (status === "failed" && !hasLetter && !isBounced) return [["no_letter", "It failed, and there is no dead letter."]];
  const isToldLate = status === "delivered" && isDoubtful(message) && events.some(({ type }) => type === "failed");
  if (status !== "failed" && hasLetter && !isToldLate) return [["letter", `It is ${status}, and there is a dead letter.`]];
  return [];
}

/** The log tells one story: sent at most once, and one end. */
function logFlaws({ status, events }: Seen): Flaw[] {
  const flaws: Flaw[] = [];
  const count = (type: string) => events.filter((event) => event.type === type).length;
  for (const type of ["sent", ...ENDS]) {
    if (count(type) > 1) flaws.push(["log", `It has ${count(type)} events ${type}.`]);
  }
  // An attempt whose answer was lost may be delivered, and so may the one after it.
  const delivered = events.filter(({ type }) => type === "delivered").map((event) => event.attempt_id);
  if (new Set(delivered).size < delivered.length) flaws.push(["log", "An attempt of it has two events delivered."]);
  const ends = [...ENDS].filter((type) => count(type) > 0);
  if (ends.length > 1) flaws.push(["log", `It ended as ${ends.join(" and as ")}.`]);
  if (ends.length > 0 && count("sent") > 0) flaws.push(["log", `It was sent, and is ${ends.join()}.`]);
  if (ENDS.has(status) && !ends.includes(status)) flaws.push(["log", `It is ${status}, and no event says so.`]);
  if (status === "failed" && count("failed") + count("bounced") === 0) flaws.push(["log", "It failed, and no event says so."]);
  if (status === "sent" && count("sent") === 0) flaws.push(["log", "It is sent, and no event says so."]);
  return flaws;
}

/** What the log says and what providers took is the same, but for what the log calls doubtful. */
function carriedFlaws(message: Accepted, found: Seen, mine: readonly Taken[]): Flaw[] {
  const { isOutside, notBefore, ttlSeconds } = message;
  const notAfter = found.expires_at === null ? null : Date.parse(found.expires_at);
  const flaws: Flaw[] = [];
  const isSent = found.status === "sent" || found.status === "delivered";
  if (isOutside && isSent && mine.length === 0) flaws.push(["phantom", `It is ${found.status}, and no provider took it.`]);
  if ((notAfter === null) !== (ttlSeconds === null)) flaws.push(["ttl", `It expires at ${found.expires_at}.`]);
  if (!isSent && FINAL.has(found.status) && mine.length > 0 && !isDoubtful(found)) {
    flaws.push(["secret", `It is ${found.status}, a provider took it, and its log knows of no doubt.`]);
  }
  for (const { at, messageId } of mine) {
    if (messageId !== null && messageId !== message.id) flaws.push(["wrong_id", `A provider took it as ${messageId}.`]);
    if (notBefore !== null && at < notBefore) flaws.push(["early", `It was carried ${notBefore - at} ms before its time.`]);
    if (notAfter !== null && at > notAfter + SLACK_MS) flaws.push(["late", `It was carried ${at - notAfter} ms after its end.`]);
  }
  return flaws;
}

function duplicateFlaw({ times, delivery, doubts }: Duplicate, mayDouble: boolean): string | null {
  if (!mayDouble) return `It was carried ${times} times, and nothing in the run could excuse it.`;
  if (delivery === "at_most_once") return `It was carried ${times} times, and is at_most_once.`;
  if (doubts < times - 1) return `It was carried ${times} times, and its log knows of ${doubts} doubts.`;
  return null;
}

/** How often the log says that it may have gone out, and we could not tell. */
export function doubtsOf({ deliveries, events }: Seen): number {
  const attempts = deliveries.flatMap((d) => d.attempts).filter(({ outcome }) => outcome === "unknown").length;
  return attempts + events.filter(({ type, code }) => type === "deferred" && code === "in_doubt").length;
}

function isDoubtful(message: Seen): boolean {
  return doubtsOf(message) > 0 || message.deliveries.some(({ phase }) => phase === "unknown");
}

function grouped<T>(items: readonly T[], slotOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(slotOf(item), [...(groups.get(slotOf(item)) ?? []), item]);
  return groups;
}
