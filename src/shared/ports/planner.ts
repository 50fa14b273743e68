import type { Pressure } from "../core/flow.ts";
import type { Notice } from "../core/notice.ts";

/** What a gate asks of the dispatcher. Idempotent by message id: a repeat of a run changes nothing. */
export interface Planner {
  /**
   * `submissionsJson`: an array of `Submission` (core/message.ts). Durable when it resolves. Answers how much of the
   * tenant waits by now in the message databases that it wrote to, in lanes that can be held back; undefined from a
   * planner of an older release.
   */
  plan(tenantId: string, submissionsJson: string): Promise<readonly Pressure[] | undefined>;
  /** The same, of these message databases. Changes nothing. */
  pressure(tenantId: string, dbShards: readonly number[]): Promise<readonly Pressure[]>;
  /** Tells the tenant. Durable when it resolves; a repeat tells it again. */
  notice(notice: Notice): Promise<void>;
  /** Rings what was lost; returns how many packs of the tenant are still open. */
  sweep(tenantId: string): Promise<number>;
  /**
   * A key looks abused to a gate at `at`, milliseconds since 1970: asks all gates of the tenant, and suspends it where
   * they agree. Durable, and known to every gate, when it resolves. A repeat changes nothing.
   */
  judgeKey(tenantId: string, keyId: string, at: number): Promise<void>;
  /** Moves `last_used_at` of keys forward: key id → milliseconds since 1970. */
  touchKeys(tenantId: string, lastUsed: Readonly<Record<string, number>>): Promise<void>;
}
