/**
 * What the api Worker asks the dispatcher to do, since only the dispatcher holds the queues and the key
 * that opens sending credentials. Reached over RPC, so arguments and results are plain data.
 */

import type { ConnectionHealth } from "../core/connection-health.ts";
import type { Consideration, Rehearsed } from "../core/consideration.ts";
import type { Message, Order, Submission } from "../core/message.ts";
import type { OutboundLimits } from "../core/outbound.ts";
import type { Ringer } from "./ringer.ts";

export type Verification =
  /** With limits where the provider tells what the account may do. */
  | { readonly ok: true; readonly detail: string; readonly suggestedLimits?: OutboundLimits }
  | { readonly ok: false; readonly code: string; readonly detail: string };

/** Null where the runtime cannot tell. */
export interface QueueState {
  readonly queue: string;
  readonly backlog_count: number | null;
  readonly backlog_bytes: number | null;
  readonly oldest_message_at: string | null;
}

export interface HealthPlace {
  readonly tenantId: string;
  readonly connectionId: string;
}

export interface Desk {
  ring(bells: Parameters<Ringer["ring"]>[0]): Promise<void>;
  /** Asks the provider, with the stored credentials, whether they work. Sends nothing. */
  verifyConnection(scope: { readonly tenantId: string; readonly projectId: string }, connectionId: string): Promise<Verification>;
  /** A project's connections, settings or webhooks changed: forget the opened ones and what was read of the others. */
  connectionsChanged(scope: { readonly tenantId: string; readonly projectId: string }): Promise<void>;
  /** In their order; null where one cannot be asked. Whether they exist is for the caller to know. */
  connectionHealth(places: readonly HealthPlace[]): Promise<readonly (ConnectionHealth | null)[]>;
  /** Closes a connection's breaker. Throws where its object cannot be asked. */
  resetConnection(place: HealthPlace): Promise<void>;
  /** What sending it would come to, one for each recipient. Reads only: nothing is sent, written or asked of providers and limits. */
  rehearse(scope: { readonly tenantId: string }, submission: Submission, at: number): Promise<readonly Rehearsed[]>;
  /** What would become of these deliveries of a message if they were tried now. Reads only. */
  consider(message: Message, order: Order | null, deliveries: readonly number[]): Promise<readonly Consideration[]>;
  queues(): Promise<readonly QueueState[]>;
  /** Whether the dispatcher reaches its databases and can open sealed credentials: a check's name → `ok` or why not. */
  health(): Promise<{ readonly ok: boolean; readonly checks: Readonly<Record<string, string>> }>;
}
