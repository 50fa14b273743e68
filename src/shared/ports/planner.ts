/** What a gate asks of the dispatcher. Idempotent by message id: a repeat of a run changes nothing. */
export interface Planner {
  /** `submissionsJson`: an array of `Submission` (core/message.ts). Durable when it resolves. */
  plan(tenantId: string, submissionsJson: string): Promise<void>;
  /** Rings what was lost; returns how many packs of the tenant are still open. */
  sweep(tenantId: string): Promise<number>;
  /** Moves `last_used_at` of keys forward: key id → milliseconds since 1970. */
  touchKeys(tenantId: string, lastUsed: Readonly<Record<string, number>>): Promise<void>;
}
