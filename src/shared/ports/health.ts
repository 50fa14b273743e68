/**
 * How fit connections are: circuit breakers and pauses. The truth is in one ProviderHealth object a connection;
 * each isolate works with its own copy, at most 10 s old and with all that it saw itself, so that a healthy
 * connection costs no question at all.
 *
 * Implemented by adapters/health-client.ts, and by testing/fakes.ts.
 */
import type { Breaker, Fitness, Outcome } from "../core/breaker.ts";
import type { ConnectionHealth } from "../core/connection-health.ts";
import type { Report } from "../core/health-report.ts";
import type { Recent } from "../core/track-record.ts";

export interface Health {
  /** Reads what is not known or too old. Never throws: a connection that cannot be asked about is taken as well. */
  know(tenantId: string, connectionIds: readonly string[]): Promise<void>;
  /** From this isolate's copy. */
  fitness(tenantId: string, connectionId: string): Fitness;
  /** Asks to be the one probe of an open breaker whose time is up. One asker is told yes. */
  probe(tenantId: string, connectionId: string): Promise<boolean>;
  /** Notes in this isolate's copy what an attempt came to, at once, and how long it took. */
  note(tenantId: string, connectionId: string, outcome: Outcome, latencyMs?: number): void;
  /**
   * How it did in the last ten minutes or so, from this isolate's copy: all that this isolate saw, and what others have told.
   * Others tell failures at once, and their successes with the next failure, so that isolates agree on what fails, and
   * roughly on how often. Of the connection as a whole: countries are not told apart.
   */
  record(tenantId: string, connectionId: string): Recent;
  /** Tells the objects what they have to know of what was noted: failures, pauses, and what a probe came to. Never throws. */
  flush(): Promise<void>;
}

/** Breakers as people look at them and mend them: past every copy. Implemented by adapters/health-client.ts. */
export interface Breakers {
  /** Null where its object cannot be asked. */
  look(tenantId: string, connectionId: string): Promise<ConnectionHealth | null>;
  /** Closes, whatever opened it, and ends a pause. Isolates with a copy hear of it within 10 s. Throws where its object cannot be asked. */
  reset(tenantId: string, connectionId: string): Promise<void>;
}

/** The object of one connection, as its clients reach it. */
export interface HealthObject {
  read(): Promise<Breaker>;
  report(report: Report): Promise<Breaker>;
  /** The number of the probe that was granted, or null; and the breaker after that. */
  probe(): Promise<Probing>;
  mend(): Promise<Breaker>;
}

export interface Probing {
  readonly n: number | null;
  readonly breaker: Breaker;
}
