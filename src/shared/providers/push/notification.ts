/** What the push providers share: the envelope's part of a notification, and whom they cannot reach. */
import type { Priority } from "../../core/channels.ts";
import type { Envelope, FailedReceipt } from "../../core/message.ts";
import { type PushTarget, parsePushTarget } from "../../core/push-target.ts";

export type PushEnvelope = Extract<Envelope, { readonly channel: "push" }>;

export function pushOf(envelope: Envelope, provider: string): PushEnvelope {
  if (envelope.channel !== "push") throw new Error(`${provider} does not carry ${envelope.channel}`);
  return envelope;
}

/** Platforms keep what they cannot deliver for four weeks at most. */
const MAX_TTL_SECONDS = 2_419_200;

/** How long a notification is worth delivering, whole seconds. */
export function ttlSeconds({ validitySeconds }: Pick<PushEnvelope, "validitySeconds">): number {
  return Math.min(MAX_TTL_SECONDS, Math.max(1, Math.floor(validitySeconds ?? MAX_TTL_SECONDS)));
}

/** A device may sleep through what is of low priority. */
export function canWait(priority: Priority | undefined): boolean {
  return priority === "low";
}

/**
 * What the app gets beside the text: the caller's data, and ids by which it can report back. No platform here
 * tells us what became of a notification, so this is the only slot for the attempt's id.
 */
export function dataOf({ data, url, messageId, attemptId }: PushEnvelope): Record<string, string> {
  return { ...(url === undefined ? {} : { url }), ...data, carillon_message_id: messageId, carillon_attempt_id: attemptId };
}

/** Null where the destination is of one of these kinds. */
export function refuseOthers(provider: string, kinds: readonly PushTarget["kind"][], destination: string): FailedReceipt | null {
  const { kind } = parsePushTarget(destination);
  if (kind !== "wrong" && kinds.includes(kind)) return null;
  const what = { fid: "a Firebase Installation ID", fcm: "an FCM token", apns: "an APNs token", expo: "an Expo push token" };
  const more = {
    ...what,
    webpush: "a Web Push subscription",
    opaque: "a token of a form that it knows",
    wrong: "a push destination",
  };
  const reason =
    kind === "opaque" || kind === "wrong"
      ? `The destination is not ${more[kind]}.`
      : `${provider} does not carry to ${more[kind]}.`;
  return { outcome: "permanent", code: "target_not_carried", reason };
}

/** The target of a destination that `refuse` let through. */
export function targetOf<K extends PushTarget["kind"]>(
  kinds: readonly K[],
  destination: string,
): Extract<PushTarget, { kind: K }> {
  const target = parsePushTarget(destination);
  const isCarried = (t: typeof target): t is Extract<PushTarget, { kind: K }> => (kinds as readonly string[]).includes(t.kind);
  if (!isCarried(target)) throw new Error(`a ${target.kind} target was not refused`);
  return target;
}
