/**
 * What AWS End User Messaging means by its answers: the name of an error, and for conflicts its reason.
 * https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html#API_SendTextMessage_Errors
 */
import type { FailedReceipt } from "../../core/message.ts";
import { excerpt, parseObject, text } from "../answers.ts";
import type { Answer } from "../provider.ts";
import { fieldsOf, itemsOf } from "../signals.ts";
import { byStatus } from "./aws-status.ts";

const SECOND_MS = 1000;

const OUTCOMES: ReadonlyMap<string, FailedReceipt["outcome"]> = new Map([
  ["ThrottlingException", "throttled"],
  ["ServiceQuotaExceededException", "misconfigured"],
  ["AccessDeniedException", "misconfigured"],
  ["ResourceNotFoundException", "misconfigured"],
  ["UnrecognizedClientException", "misconfigured"],
  ["InvalidClientTokenId", "misconfigured"],
  ["ExpiredTokenException", "misconfigured"],
  ["IncompleteSignature", "misconfigured"],
  ["IncompleteSignatureException", "misconfigured"],
  ["InvalidSignatureException", "misconfigured"],
  ["SignatureDoesNotMatch", "misconfigured"],
  ["MissingAuthenticationToken", "misconfigured"],
  ["MissingAuthenticationTokenException", "misconfigured"],
  ["OptInRequired", "misconfigured"],
  ["UnknownOperationException", "misconfigured"],
  ["ValidationException", "permanent"],
  ["InternalServerException", "unknown"],
]);

/** Of a ConflictException; every other reason is a matter of how the account is set up. */
const CONFLICTS: ReadonlyMap<string, FailedReceipt["outcome"]> = new Map([
  ["DESTINATION_PHONE_NUMBER_OPTED_OUT", "recipient_invalid"],
  ["DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE", "permanent"],
]);

/** An answer that is not 2xx. AWS sends no Retry-After. */
export function refusal(answer: Answer): FailedReceipt {
  const body = parseObject(answer.body);
  const named = answer.headers.get("x-amzn-errortype") ?? text(body, "__type") ?? "";
  const type = named.replace(/^.*#/, "").replace(/:.*$/s, "");
  const reason = text(body, "Reason");
  const outcome =
    type === "ConflictException"
      ? (CONFLICTS.get(reason ?? "") ?? "misconfigured")
      : (OUTCOMES.get(type) ?? byStatus(answer.status));
  return {
    outcome,
    code: (reason ?? (type === "" ? `http_${answer.status}` : type)).replaceAll(/\s/g, " ").slice(0, 100),
    reason: excerpt(text(body, "Message") ?? text(body, "message") ?? "", `AWS answered ${answer.status}.`),
    ...(outcome === "throttled" ? { retryAfterMs: SECOND_MS } : {}),
  };
}

/** What DescribeAccountAttributes says: whether the account is out of the sandbox. */
export function accountState(answer: Answer) {
  if (answer.status !== 200) {
    const { code, reason } = refusal(answer);
    return { ok: false, code, detail: reason } as const;
  }
  const attributes = parseObject(answer.body).AccountAttributes;
  if (!Array.isArray(attributes)) {
    return {
      ok: false,
      code: "unexpected_answer",
      detail: "This endpoint does not answer like AWS End User Messaging.",
    } as const;
  }
  const tier = itemsOf(attributes)
    .map(fieldsOf)
    .find(({ Name }) => Name === "ACCOUNT_TIER")?.Value;
  const sandbox = tier === "SANDBOX" ? " In the SMS sandbox: it reaches verified numbers only." : "";
  return { ok: true, detail: `The account may send.${sandbox}` } as const;
}
