/** What Expo means by its answers: a ticket for the message, or errors for the whole request. */
import type { FailedReceipt, Receipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Of tickets and of whole requests. https://docs.expo.dev/push-notifications/sending-notifications/#errors */
const OUTCOMES: Readonly<Record<string, FailedReceipt["outcome"]>> = {
  DeviceNotRegistered: "recipient_invalid",
  MessageTooBig: "permanent",
  MessageRateExceeded: "throttled",
  MismatchSenderId: "misconfigured",
  InvalidCredentials: "misconfigured",
  DeveloperError: "permanent",
  ExpoError: "transient",
  ProviderError: "transient",
  TOO_MANY_REQUESTS: "throttled",
  UNAUTHORIZED: "misconfigured",
  PUSH_TOO_MANY_EXPERIENCE_IDS: "permanent",
  PUSH_TOO_MANY_NOTIFICATIONS: "permanent",
  VALIDATION_ERROR: "permanent",
};
const OUTCOME_OF = new Map(Object.entries(OUTCOMES));

export function read(answer: Answer): Receipt {
  const { data, errors } = parseObject(answer.body);
  if (answer.status < 200 || answer.status >= 300) return refusal(answer, errors);
  const ticket = fieldsOf(data);
  const id = text(ticket, "id");
  if (ticket.status === "ok" && id !== null) return { outcome: "sent", providerMessageId: id };
  if (ticket.status === "error") {
    const code = text(fieldsOf(ticket.details), "error") ?? "error";
    return failure(code, text(ticket, "message"), OUTCOME_OF.get(code) ?? "permanent", answer);
  }
  if (firstOf(errors) !== null) return refusal(answer, errors);
  return { outcome: "unknown", code: "no_ticket", reason: "Expo answered without a ticket." };
}

function refusal(answer: Answer, errors: unknown): FailedReceipt {
  const error = firstOf(errors) ?? {};
  const code = text(error, "code");
  return failure(
    code ?? `http_${answer.status}`,
    text(error, "message"),
    OUTCOME_OF.get(code ?? "") ?? byStatus(answer.status),
    answer,
  );
}

function failure(code: string, said: string | null, outcome: FailedReceipt["outcome"], answer: Answer): FailedReceipt {
  const waitMs = retryAfterMs(answer.headers);
  return {
    outcome,
    code: code.replaceAll(/\s/g, "_").slice(0, 100),
    reason: excerpt(said ?? "", `Expo answered ${answer.status}.`),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  };
}

/** Expo asks for a request that met 5xx to be sent again. */
function byStatus(status: number): FailedReceipt["outcome"] {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "transient";
  if (status === 401 || status === 403 || status === 404 || (status >= 300 && status < 400)) return "misconfigured";
  return "permanent";
}

/** Receipts of a ticket that does not exist: none, where the token may ask at all. */
export function probed(answer: Answer) {
  const { data, errors } = parseObject(answer.body);
  if (answer.status === 200 && typeof data === "object" && data !== null && !Array.isArray(data)) {
    return { ok: true, detail: "Expo answers. Which project may be written to shows with the first message." } as const;
  }
  const { code, reason } = refusal(answer, errors);
  return { ok: false, code, detail: reason } as const;
}

function firstOf(errors: unknown): Fields | null {
  return Array.isArray(errors) && errors.length > 0 ? fieldsOf(errors[0]) : null;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}
