/**
 * What a provider is: one file with a schema and pure functions. Adding one is that file, its fixtures,
 * and one line in registry.ts. It never fetches, never retries, and classifies an answer exactly once.
 */
import type { z } from "zod";
import type { Channel } from "../core/channels.ts";
import type { Conversation } from "../core/dialogue.ts";
import type { Random } from "../core/ids.ts";
import type { Envelope, FailedReceipt, Receipt } from "../core/message.ts";
import type { OutboundLimits } from "../core/outbound.ts";
import type { EventType } from "../core/status.ts";
import type { BoundMail, Posted } from "../ports/mailer.ts";

/** A tenant's account at a provider, opened: what `encode` and `probe` work with. */
export interface Account<C = unknown, S = unknown> {
  readonly connectionId: string;
  readonly credentials: C;
  readonly settings: S;
}

export interface EncodeContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Where the provider should report what became of the attempt; null where the deployment has no public URL. */
  readonly callbackUrl: string | null;
  /**
   * The same for every try of this delivery over this connection, and for nothing else: what goes into a provider's
   * idempotency key. At most 64 characters of `[A-Za-z0-9_-]`.
   */
  readonly idempotencyKey: string;
  /** The token that `session` brought; null where the provider declares none. */
  readonly session: string | null;
  /** Fresh random bytes, for a protocol that asks for them (Web Push). */
  readonly random?: Random;
}

/**
 * A short-lived token that is minted once and used by many calls: an OAuth access token, a provider JWT. Each isolate
 * keeps one for each opened account (verbs/sessions.ts) and uses it until five minutes before it ends. Where a provider
 * counts tokens, `open` makes the same one at every place for a time, as decisions/005 says.
 */
export interface Session<C = unknown, S = unknown> {
  /** Either the token itself, or the request that asks for it, or why there can be none. */
  readonly open: (account: Account<C, S>, context: { readonly now: number }) => Promise<Token | Request | FailedReceipt>;
  /** What the answer to that request means. Needed where `open` returns a Request. */
  readonly read?: (answer: Answer, context: { readonly now: number }) => Token | FailedReceipt;
}

export interface Token {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What came in at `/hooks/{channel}/{provider}/{connection}`, untouched. */
export interface Callback {
  readonly method: string;
  /** As the provider saw it: under PUBLIC_URL, with its query. */
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** One thing that a provider says of one attempt. */
export interface ProviderSignal {
  /** From the slot that we filled; null where the provider has none. */
  readonly attemptId: string | null;
  readonly providerMessageId: string | null;
  /** The provider's own id of the event, or what else makes it unique: a repeat has the same. */
  readonly key: string;
  readonly type: EventType;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The recipient that it is about, where the provider names one. */
  readonly recipient?: string;
  readonly code?: string;
  readonly reason?: string;
  /** Set where this recipient must not be written to again. */
  readonly suppress?: "bounce" | "complaint" | "unsubscribe" | "invalid";
  /** Set where this recipient asks to be written to again, as by START: takes back an `unsubscribe`, and no other reason. */
  readonly resubscribes?: true;
}

export type CallbackReading =
  | {
      readonly kind: "signals";
      readonly signals: readonly ProviderSignal[];
      /**
       * Set where the signature does not cover the body (Mailgun): what it does cover, and so is good for one body only.
       * Another body under the same one within the replay window (signatures.ts) is forged.
       */
      readonly once?: string;
    }
  /** The signature is missing, wrong or too old. Nothing of it was believed. */
  | { readonly kind: "forged"; readonly reason: string }
  /** To be answered with this body: a challenge that proves that the URL is ours. */
  | { readonly kind: "challenge"; readonly body: string }
  /** A subscription to be confirmed by fetching this URL, which was checked to be the provider's. */
  | { readonly kind: "confirm"; readonly url: string }
  /** Genuine, and nothing that we record. */
  | { readonly kind: "ignored" };

/**
 * How a provider's callbacks are verified and read. Nothing is believed before it is verified; never throws on hostile
 * input, only where `certificate` does.
 */
export interface Callbacks<V = unknown> {
  /** What verifies them, such as a signing secret: sealed to the webhooks Worker, never returned. */
  readonly verification: z.ZodType<V>;
  /** A method, so that one provider's own verification fits the list of all. */
  read(callback: Callback, verification: V, context: CallbackContext): Promise<CallbackReading>;
}

export interface CallbackContext {
  readonly now: number;
  /** Brings the PEM certificate at this URL, which `read` has checked to be the provider's own. */
  readonly certificate: (url: string) => Promise<string>;
  /** The origin of a double that a SubscribeURL of SNS may name as well; only where private endpoints are allowed. */
  readonly snsOrigin?: string;
}

/** A provider's answer as the carrier brought it. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface HttpProvider<C = unknown, S = unknown> {
  readonly kind: "http";
  /** As in `/v1/connections`: `ses`, `twilio`. */
  readonly id: string;
  readonly name: string;
  readonly channels: readonly Channel[];
  /** Secrets: sealed at rest, never returned. */
  readonly credentials: z.ZodType<C>;
  /** What is no secret. Every http provider takes an optional `endpoint`: another base URL. */
  readonly settings: z.ZodType<S>;
  readonly timeoutMs: number;
  /** Where an account has a patience of its own, in place of `timeoutMs`. */
  readonly timeoutOf?: (account: Account<C, S>) => number;
  /** True where the same attempt may be sent again without doubling, because the provider takes an idempotency key. */
  readonly idempotent: boolean | ((account: Account<C, S>) => boolean);
  readonly session?: Session<C, S>;
  /** Other URLs among the settings: what of them is fixed, for whoever has to know whether it may be called (core/endpoint.ts). */
  readonly addresses?: (account: Pick<Account<C, S>, "settings">) => readonly { readonly field: string; readonly base: string }[];
  /** What is wrong with credentials and settings taken together, known without asking. */
  readonly accountFlaw?: (account: Pick<Account<C, S>, "credentials" | "settings">) => FailedReceipt | null;
  /**
   * What this connection will never carry, known without asking: a device of another platform, say. Its code says why.
   * Such a delivery is for another connection, and `encode` is never asked for it. Takes everything where not declared.
   */
  readonly refuse?: (destination: string, account: Account<C, S>) => FailedReceipt | null;
  /**
   * Why the provider will never carry such content, known without asking: a template of another provider, a text that is
   * too long. Null for what it carries. Where it is not declared, it carries what providers/supports.ts calls plain.
   */
  readonly supports?: (envelope: Envelope, account: Account<C, S>) => FailedReceipt | null;
  encode(envelope: Envelope, account: Account<C, S>, context: EncodeContext): Promise<Request>;
  /**
   * Never throws: an answer that makes no sense is `unknown` or `transient`, by what the provider's docs promise.
   * `account`: the one that the request was made with; only a provider whose rules are settings looks at it.
   */
  decode(answer: Answer, account?: Account<C, S>): Receipt;
  /** Verified callback → signals: what the provider says later. None where it never calls back. */
  readonly callbacks?: Callbacks;
  /** Many in one call. None where the provider knows only one at a time, or where it would gain nothing. */
  readonly bulk?: Bulk<C, S>;
  /** A request that proves the credentials and sends nothing, and what its answer means. */
  readonly probe: {
    encode(account: Account<C, S>, context: Pick<EncodeContext, "now" | "session">): Promise<Request>;
    decode(
      answer: Answer,
      account?: Account<C, S>,
    ):
      | { readonly ok: true; readonly detail: string; readonly suggestedLimits?: OutboundLimits }
      | { readonly ok: false; readonly code: string; readonly detail: string };
  };
}

/**
 * Many mails in one call, each with its own content, ids and outcome. What may share a call is for `key` to say.
 * Used for the bulk lane, where a pack holds many mails for one connection (verbs/try-bulk.ts).
 */
export interface Bulk<C = unknown, S = unknown> {
  /** Recipients in one call, at most. */
  readonly most: number;
  /**
   * Envelopes with the same key may share a call, as long as no two go to the same address; null for one that must go
   * alone, by `encode`. It may be as long as the content: hash it to keep it.
   */
  key(envelope: Envelope, account: Account<C, S>): string | null;
  /** Envelopes of one key; at most `most`. */
  encode(envelopes: readonly Envelope[], account: Account<C, S>, context: EncodeContext): Promise<Request>;
  /** One receipt for each of the `count` envelopes, in their order. Never throws. */
  decode(answer: Answer, count: number): Receipt[];
}

/** What the sandbox says later about an attempt, in the words of our event log. */
export interface SandboxSignal {
  readonly type: "delivered" | "bounced";
  readonly reason?: string;
}

/** Sends nothing: answers by rule, so that every outcome can be had on demand. */
export interface SandboxProvider {
  readonly kind: "sandbox";
  readonly id: "sandbox";
  readonly name: string;
  readonly channels: readonly Channel[];
  readonly credentials: z.ZodType;
  readonly settings: z.ZodType;
  /** `tries`: how many attempts the delivery has had before this one. */
  simulate(envelope: Envelope, tries: number): { readonly receipt: Receipt; readonly signals: readonly SandboxSignal[] };
}

/** What providers declare whatever the way that they are reached. */
type Declared<C, S> = Omit<HttpProvider<C, S>, "kind" | "session" | "encode" | "decode" | "callbacks" | "bulk" | "probe">;

/** Reached over a socket: says whom to talk to, and how that talk goes (core/dialogue.ts). */
export interface DialogueProvider<C = unknown, S = unknown> extends Declared<C, S> {
  readonly kind: "dialogue";
  /** Which of the settings is the host, for whoever has to know whether it may be talked to: core/endpoint.ts. */
  readonly hostOf: (account: Pick<Account<C, S>, "settings">) => string;
  encode(envelope: Envelope, account: Account<C, S>, context: Pick<EncodeContext, "now">): Promise<Conversation<Receipt>>;
  /** A talk that proves the credentials and sends nothing. */
  probe(account: Account<C, S>): Conversation<Probed>;
}

/** Reached over a binding that a deployment has or has not: without it, its connections cannot be used. */
export interface BindingProvider<C = unknown, S = unknown> extends Declared<C, S> {
  readonly kind: "binding";
  /** The binding that it needs, by the name of the port. */
  readonly needs: "mailer";
  encode(envelope: Envelope, account: Account<C, S>): BoundMail;
  decode(posted: Posted): Receipt;
  /** Nothing can be asked without sending: what is known where the binding is there. */
  readonly vouch: string;
}

/** What a probe came to. */
export type Probed = ReturnType<HttpProvider["probe"]["decode"]>;

export type Provider = HttpProvider | DialogueProvider | BindingProvider | SandboxProvider;

/** Declares an http provider; `encode` and `probe` are typed by the schemas beside them. */
export function httpProvider<C, S>(definition: Omit<HttpProvider<C, S>, "kind">): HttpProvider {
  return { kind: "http", ...definition } as unknown as HttpProvider;
}

/** Declares a provider that is talked to; `encode` and `probe` are typed by the schemas beside them. */
export function dialogueProvider<C, S>(definition: Omit<DialogueProvider<C, S>, "kind">): DialogueProvider {
  return { kind: "dialogue", ...definition } as unknown as DialogueProvider;
}

/** Declares a provider behind a binding; `encode` is typed by the schemas beside it. */
export function bindingProvider<C, S>(definition: Omit<BindingProvider<C, S>, "kind">): BindingProvider {
  return { kind: "binding", ...definition } as unknown as BindingProvider;
}
