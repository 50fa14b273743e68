/**
 * A tenant's gate: the one hop between a client and its 202.
 *
 * Everything that `accept` grants is durable when the promise resolves: token, quota, idempotency record
 * and outbox row commit together or not at all. A call that throws granted nothing that the caller may
 * rely on; a repeat with the same idempotency key is safe.
 *
 * Implemented by durable-objects/tenant-gate; reached over RPC, so arguments and results are plain data.
 */
import type { KeyCounts, Watched } from "../core/abuse.ts";
import type { GateLimits, RateState } from "../core/admission.ts";
import type { Lane, Priority } from "../core/channels.ts";
import type { Submission } from "../core/message.ts";

export interface IdempotencyKey {
  /** Scoped by the caller: `prj_…:live:` and the client's key. */
  readonly key: string;
  /** Hex SHA-256 of what must be equal for a replay. */
  readonly fingerprint: string;
  readonly ttlMs: number;
}

/** One run of messages: same order, one or more recipients. */
export interface AcceptItem {
  readonly lane: Lane;
  /** Decides whether a full backlog refuses it. From an api Worker of an older release it is missing: never refused. */
  readonly priority?: Priority;
  readonly dueAt: number;
  /** Messages in the run; the gate reserves as many consecutive ids. */
  readonly count: number;
  /** A `Submission` as JSON text without its opening brace and its `first`, which the gate adds. Opaque to it. */
  readonly text: string;
  readonly dedupe: IdempotencyKey | null;
  /** Where the run has an ordering key. */
  readonly line: Line | null;
}

/** The gate remembers the last message of each line, and tells each message the one before it (`Submission.after`). */
export interface Line {
  /** The same for all lines of one key: picks their message database. */
  readonly spread: number;
  /** The line of each recipient (core/ordering.ts), in their order. */
  readonly of: readonly string[];
}

/** One client request. All of its items are accepted or none is, but for those that a key makes a replay. */
export interface AcceptRequest {
  readonly requestId: string;
  readonly keyId: string;
  readonly limits: GateLimits;
  /** How the key is watched for abuse; left out where it is not: a test key, or a tenant whose operator has switched it off. */
  readonly watched?: Watched;
  /** Every message of the request is critical. */
  readonly critical: boolean;
  readonly dbShards: readonly number[];
  readonly idempotency: IdempotencyKey | null;
  /** Kept with the idempotency record and handed back on replay. */
  readonly echo: string;
  readonly items: readonly AcceptItem[];
}

export type AcceptedItem =
  | { readonly kind: "accepted"; readonly first: string; readonly replayed: boolean }
  | { readonly kind: "conflict" };

export type AcceptResult =
  | {
      readonly kind: "accepted";
      readonly replayed: boolean;
      /** Of the first acceptance, also on replay. */
      readonly requestId: string;
      readonly echo: string;
      readonly items: readonly AcceptedItem[];
      readonly rate: RateState | null;
    }
  | { readonly kind: "conflict" }
  | { readonly kind: "revoked" }
  | { readonly kind: "suspended" }
  | { readonly kind: "rate_limited"; readonly by: "tenant" | "key"; readonly retryAfterMs: number; readonly rate: RateState }
  | { readonly kind: "quota_exceeded"; readonly retryAfterMs: number; readonly rate: RateState }
  /** Too much of the tenant is due already for something of this priority. Nothing was stored. */
  | { readonly kind: "backlog_full"; readonly priority: Priority; readonly retryAfterMs: number };

/** `gone`: this gate does not hold the message (any more): its row is in D1, or it never was. */
export type HeldResult = { readonly kind: "done"; readonly submission: Submission } | { readonly kind: "gone" };

export type KeyStanding = "good" | "revoked" | "suspended";

export interface KeyFailure {
  readonly keyId: string;
  /** When the message was accepted, milliseconds since 1970. */
  readonly acceptedAt: number;
}

export interface HeldPage {
  /** Newest first; each has exactly one recipient, and neither content nor variables. */
  readonly submissions: readonly Submission[];
  /** Everything held with an id not below this is in the page; null where nothing is held below it. */
  readonly floor: string | null;
}

export interface GateStats {
  /** Messages, with those that are scheduled. */
  readonly held: number;
  readonly due: number;
  readonly oldestDueAt: number | null;
  /** Messages that are due and not planned, with those whose plan failed and comes again. */
  readonly backlog: Readonly<Record<Lane, number>>;
}

export interface Gate {
  /** Several clients' requests in one commit; results in the same order. */
  accept(requests: readonly AcceptRequest[]): Promise<AcceptResult[]>;
  /** The message, if the gate still holds it. Exactly one recipient in the answer. */
  find(messageId: string): Promise<Submission | null>;
  /** Held messages with an id below `before` (or from the newest), newest first. */
  held(query: { readonly projectId: string; readonly before: string | null; readonly limit: number }): Promise<HeldPage>;
  cancel(messageId: string): Promise<HeldResult>;
  reschedule(messageId: string, dueAt: number): Promise<HeldResult>;
  /** How each of these keys stands, in their order. */
  standings(keyIds: readonly string[]): Promise<KeyStanding[]>;
  /** The key is refused from this instant on. */
  revoke(keyId: string): Promise<void>;
  /** The key is refused from this instant on; `at` as in its row. What was told of a later time stands. */
  suspend(keyId: string, at: number): Promise<void>;
  /** The key works again, and is watched anew, with no history. */
  resume(keyId: string, at: number): Promise<void>;
  /** Messages of these keys failed for good. Counted in memory; see core/abuse.ts. */
  noteFailures(failures: readonly KeyFailure[]): Promise<void>;
  /** What this gate has counted of a key. */
  countsOf(keyId: string): Promise<KeyCounts>;
  /** Keeps sweeping until the tenant has no open pack. Called after work was added behind the gate's back. */
  watch(): Promise<void>;
  stats(): Promise<GateStats>;
}
