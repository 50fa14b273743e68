/**
 * What a provider is: one file with a schema and pure functions. Adding one is that file, its fixtures,
 * and one line in registry.ts. It never fetches, never retries, and classifies an answer exactly once.
 */
import type { z } from "zod";
import type { Channel } from "../core/channels.ts";
import type { Envelope, Receipt } from "../core/message.ts";

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
  /** True where the same attempt may be sent again without doubling, because the provider takes an idempotency key. */
  readonly idempotent: boolean;
  encode(envelope: Envelope, account: Account<C, S>, context: EncodeContext): Promise<Request>;
  /** Never throws: an answer that makes no sense is `unknown` or `transient`, by what the provider's docs promise. */
  decode(answer: Answer): Receipt;
  /** A request that proves the credentials and sends nothing, and what its answer means. */
  readonly probe: {
    encode(account: Account<C, S>, context: EncodeContext): Promise<Request>;
    decode(
      answer: Answer,
    ): { readonly ok: true; readonly detail: string } | { readonly ok: false; readonly code: string; readonly detail: string };
  };
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

export type Provider = HttpProvider | SandboxProvider;

/** Declares an http provider; `encode` and `probe` are typed by the schemas beside them. */
export function httpProvider<C, S>(definition: Omit<HttpProvider<C, S>, "kind">): HttpProvider {
  return { kind: "http", ...definition } as unknown as HttpProvider;
}
