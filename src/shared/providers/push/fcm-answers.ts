/**
 * What FCM means by its answers, and Google's token endpoint by its own.
 * https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode · RFC 6749 §5.2
 */
import type { FailedReceipt, Receipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer, Token } from "../provider.ts";

type Fields = Readonly<Record<string, unknown>>;

const OUTCOMES: Readonly<Record<string, FailedReceipt["outcome"]>> = {
  UNREGISTERED: "recipient_invalid",
  SENDER_ID_MISMATCH: "recipient_invalid",
  INVALID_ARGUMENT: "permanent",
  THIRD_PARTY_AUTH_ERROR: "misconfigured",
  PERMISSION_DENIED: "misconfigured",
  NOT_FOUND: "misconfigured",
  QUOTA_EXCEEDED: "throttled",
  RESOURCE_EXHAUSTED: "throttled",
  INTERNAL: "transient",
  UNAVAILABLE: "transient",
};
const OUTCOME_OF = new Map(Object.entries(OUTCOMES));

/** Firebase's advice where it names no time. https://firebase.google.com/docs/cloud-messaging/scale-fcm */
const QUOTA_PAUSE_MS = 60_000;
/** What Google gives at most. */
const MAX_TOKEN_SECONDS = 3600;

/** A 2xx; null for any other. */
export function sent(answer: Answer): Receipt | null {
  if (answer.status < 200 || answer.status >= 300) return null;
  const name = text(parseObject(answer.body), "name");
  if (name?.startsWith("projects/")) return { outcome: "sent", providerMessageId: name };
  return { outcome: "unknown", code: "no_message_name", reason: "FCM answered without the name of a message." };
}

/** An answer that is not 2xx. */
export function read(answer: Answer): FailedReceipt {
  const { code, said, isTarget } = errorOf(answer);
  const base = { code: (code ?? `http_${answer.status}`).slice(0, 100), reason: excerpt(said, `FCM answered ${answer.status}.`) };
  // The access token ended before its time. A new one is asked for; where that is not given, the account is at fault.
  if (answer.status === 401 && code !== "THIRD_PARTY_AUTH_ERROR") return { ...base, outcome: "transient", sessionExpired: true };
  const outcome = isTarget ? "recipient_invalid" : (OUTCOME_OF.get(code ?? "") ?? byStatus(answer.status));
  const waitMs = retryAfterMs(answer.headers) ?? (outcome === "throttled" ? QUOTA_PAUSE_MS : undefined);
  return { ...base, outcome, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
}

function byStatus(status: number): FailedReceipt["outcome"] {
  if (status === 429) return "throttled";
  // A message that FCM answers with 5xx was not taken, and one that was would be replaced.
  if (status === 408 || status >= 500) return "transient";
  if (status < 400 || status === 403 || status === 404) return "misconfigured";
  return "permanent";
}

/** The code of FCM's own detail, else that of Google's envelope. `isTarget`: the message is well, its token is not. */
function errorOf(answer: Answer): { readonly code: string | null; readonly said: string; readonly isTarget: boolean } {
  const error = objectOf(parseObject(answer.body).error);
  const details = Array.isArray(error.details) ? error.details.map(objectOf) : [];
  const detail = (type: string) => details.find((d) => text(d, "@type")?.endsWith(type));
  const own = detail("google.firebase.fcm.v1.FcmError");
  const said = text(error, "message") ?? "";
  const code = (own && text(own, "errorCode")) ?? text(error, "status");
  const violations = details.flatMap((d): unknown[] => (Array.isArray(d.fieldViolations) ? d.fieldViolations : []));
  const fields = violations.map((v) => text(objectOf(v), "field"));
  const namesToken =
    fields.length === 0
      ? /registration token|installation id/i.test(said)
      : fields.every((f) => f === "message.token" || f === "message.fid");
  return { code, said, isTarget: code === "INVALID_ARGUMENT" && own !== undefined && namesToken };
}

function objectOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

/** Answers of the probe, whose token is of no device: that FCM says so means that all before it was well. */
export function probed(answer: Answer) {
  const receipt = sent(answer) ?? read(answer);
  if (receipt.outcome === "sent" || receipt.outcome === "recipient_invalid") {
    return { ok: true, detail: "The service account may send for the project." } as const;
  }
  return { ok: false, code: receipt.code, detail: receipt.reason } as const;
}

/** The answer to the service account's assertion. */
export function tokenOf(answer: Answer, { now }: { readonly now: number }): Token | FailedReceipt {
  const body = parseObject(answer.body);
  if (answer.status >= 200 && answer.status < 300) {
    const token = text(body, "access_token");
    const seconds = Number(body.expires_in);
    if (token !== null && /^[\x21-\x7e]{1,8192}$/.test(token) && seconds > 0) {
      return { token, expiresAt: now + Math.min(seconds, MAX_TOKEN_SECONDS) * 1000 };
    }
    return { outcome: "transient", code: "no_access_token", reason: "Google answered without an access token." };
  }
  const base = {
    code: (text(body, "error") ?? `http_${answer.status}`).slice(0, 100).replaceAll(/\s/g, "_"),
    reason: excerpt(
      text(body, "error_description") ?? "",
      `Google answered ${answer.status} when it was asked for an access token.`,
    ),
  };
  if (answer.status === 429)
    return { ...base, outcome: "throttled", retryAfterMs: retryAfterMs(answer.headers) ?? QUOTA_PAUSE_MS };
  return { ...base, outcome: answer.status === 408 || answer.status >= 500 ? "transient" : "misconfigured" };
}
