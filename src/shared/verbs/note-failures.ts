/** Tells gates which of their messages failed for good, and with which key they were sent: what abuse is noticed by. */
import { parseMessageId } from "../core/ids.ts";
import type { KeyFailure } from "../ports/gate.ts";
import type { Deps } from "./deps.ts";

/** A live message that a provider other than the sandbox refused for good: `permanent`, `recipient_invalid`, or bounced. */
export interface FailedMessage {
  readonly messageId: string;
  /** `key_id` of its order; null or left out for one that was accepted before orders had it. */
  readonly keyId?: string | null | undefined;
}

/**
 * Each failure goes to the gate that accepted the message, which has counted it: one RPC for the failures of a pack, and
 * none where there are none. Never throws: a failure that is not counted makes a suspicion later, and nothing wrong.
 */
export async function noteFailures(
  deps: Pick<Deps, "gate" | "log">,
  tenantId: string,
  failures: readonly FailedMessage[],
): Promise<void> {
  const byGate = new Map<number, KeyFailure[]>();
  for (const { messageId, keyId } of failures) {
    const place = parseMessageId(messageId);
    if (!place || !keyId) continue;
    byGate.set(place.gateShard, [...(byGate.get(place.gateShard) ?? []), { keyId, acceptedAt: place.at }]);
  }
  await Promise.all(
    [...byGate].map(async ([gateShard, mine]) => {
      try {
        await deps.gate(tenantId, gateShard).noteFailures(mine);
      } catch (error) {
        deps.log({
          level: "warn",
          event: "failures_not_noted",
          tenant_id: tenantId,
          gate_shard: gateShard,
          failures: mine.length,
          error: String(error),
        });
      }
    }),
  );
}
