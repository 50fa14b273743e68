/**
 * What APNs means by its answers.
 * https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
 */
import type { FailedReceipt, Receipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";

/** By reason; the status says less. Reasons that are not here are read by their status. */
const REASONS: Readonly<Record<Exclude<FailedReceipt["outcome"], "unknown">, readonly string[]>> = {
  recipient_invalid: ["Unregistered", "ExpiredToken", "BadDeviceToken", "DeviceTokenNotForTopic"],
  permanent: [
    "BadCollapseId",
    "BadExpirationDate",
    "BadMessageId",
    "BadPriority",
    "DuplicateHeaders",
    "InvalidPushType",
    "MissingDeviceToken",
    "PayloadEmpty",
    "PayloadTooLarge",
  ],
  misconfigured: [
    "BadTopic",
    "MissingTopic",
    "TopicDisallowed",
    "BadCertificate",
    "BadCertificateEnvironment",
    "Forbidden",
    "InvalidProviderToken",
    "MissingProviderToken",
    "UnrelatedKeyIdInToken",
    "BadEnvironmentKeyIdInToken",
    "BadEnvironmentKeyInToken", // as the wire has it; documented with Id
    "TooManyProviderTokenUpdates",
    "BadPath",
    "MethodNotAllowed",
  ],
  throttled: ["TooManyRequests"],
  transient: ["IdleTimeout", "InternalServerError", "ServiceUnavailable", "Shutdown", "ExpiredProviderToken"],
};
const OUTCOME_OF = new Map(
  Object.entries(REASONS).flatMap(([outcome, reasons]) => reasons.map((r) => [r, outcome as keyof typeof REASONS] as const)),
);

/** Apple counts new provider tokens over 20 minutes. */
const TOKEN_UPDATES_MS = 1_200_000;

export function read(answer: Answer): Receipt {
  if (answer.status >= 200 && answer.status < 300) {
    const id = answer.headers.get("apns-id") ?? "";
    if (/^[\w-]{1,100}$/.test(id)) return { outcome: "sent", providerMessageId: id };
    return { outcome: "unknown", code: "no_apns_id", reason: "APNs answered without an apns-id." };
  }
  return refusal(answer);
}

function refusal(answer: Answer): FailedReceipt {
  const body = parseObject(answer.body);
  const reason = text(body, "reason");
  const code = reason === null ? `http_${answer.status}` : reason.replaceAll(/\s/g, "_").slice(0, 100);
  const outcome = OUTCOME_OF.get(reason ?? "") ?? byStatus(answer.status);
  const waitMs = reason === "TooManyProviderTokenUpdates" ? TOKEN_UPDATES_MS : retryAfterMs(answer.headers);
  return {
    outcome,
    code,
    reason: excerpt(said(reason, body.timestamp), `APNs answered ${answer.status}.`),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    ...(reason === "ExpiredProviderToken" ? { sessionExpired: true } : {}),
  };
}

/** `timestamp`: since when Apple knows a token for dead, milliseconds. One that was registered later is alive. */
function said(reason: string | null, timestamp: unknown): string {
  const isTime = typeof timestamp === "number" && timestamp > 0 && timestamp < 8e15;
  return isTime ? `${reason}, since ${new Date(timestamp).toISOString()}.` : reason === null ? "" : `${reason}.`;
}

function byStatus(status: number): FailedReceipt["outcome"] {
  if (status === 410) return "recipient_invalid";
  if (status === 429) return "throttled";
  // What APNs answers with 5xx was not taken; what was would be replaced by its collapse id.
  if (status === 408 || status >= 500) return "transient";
  if (status < 400 || status === 403 || status === 404 || status === 405) return "misconfigured";
  return "permanent";
}

/** Answers of the probe, whose device does not exist: that Apple says so means that all before it was well. */
export function probed(answer: Answer) {
  const receipt = read(answer);
  if (receipt.outcome === "sent" || receipt.code === "BadDeviceToken") {
    return { ok: true, detail: "Apple takes the key, for this topic and environment." } as const;
  }
  return { ok: false, code: receipt.code, detail: receipt.reason } as const;
}
