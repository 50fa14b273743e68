/** What a gate asks of the dispatcher. Idempotent by message id: a repeat of a run changes nothing. */
export interface Planner {
  /** `submissionsJson`: an array of `Submission` (core/message.ts). Durable when it resolves. */
  plan(tenantId: string, submissionsJson: string): Promise<void>;
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
