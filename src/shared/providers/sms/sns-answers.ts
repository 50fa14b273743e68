/** What SNS means by its answers: the code of `ErrorResponse/Error`. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors */
import type { FailedReceipt } from "../../core/message.ts";
import { excerpt } from "../answers.ts";
import type { Answer } from "../provider.ts";
import { xmlTexts } from "../xml.ts";
import { byStatus } from "./aws-status.ts";

const SECOND_MS = 1000;

const CODES: Readonly<Record<"throttled" | "misconfigured" | "recipient_invalid" | "permanent" | "unknown", readonly string[]>> =
  {
    throttled: ["Throttled", "Throttling", "ThrottlingException", "KMSThrottling", "RequestLimitExceeded"],
    misconfigured: [
      "AuthorizationError",
      "AccessDenied",
      "InvalidSecurity",
      "InvalidClientTokenId",
      "SignatureDoesNotMatch",
      "ExpiredToken",
      "IncompleteSignature",
      "MissingAuthenticationToken",
      "OptInRequired",
      "InvalidAction",
      "NotFound",
      "KMSAccessDenied",
      "KMSDisabled",
      "KMSInvalidState",
      "KMSNotFound",
      "KMSOptInRequired",
    ],
    recipient_invalid: ["EndpointDisabled", "PlatformApplicationDisabled"],
    permanent: ["InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "ValidationException", "ValidationError"],
    unknown: ["InternalError", "InternalFailure", "ServiceUnavailable"],
  };

const OUTCOME_OF = new Map(
  Object.entries(CODES).flatMap(([outcome, codes]) => codes.map((code) => [code, outcome as keyof typeof CODES] as const)),
);

/** An answer that is not 2xx. SNS sends no Retry-After. */
export function refusal(answer: Answer): FailedReceipt {
  const texts = xmlTexts(answer.body);
  const code = texts.get("ErrorResponse/Error/Code") ?? "";
  const said = texts.get("ErrorResponse/Error/Message") ?? "";
  const known = OUTCOME_OF.get(code) ?? byStatus(answer.status);
  const outcome = known === "permanent" && /\bPhoneNumber\b/.test(said) ? "recipient_invalid" : known;
  return {
    outcome,
    code: code === "" ? `http_${answer.status}` : excerpt(code, "").slice(0, 100),
    reason: excerpt(said, `SNS answered ${answer.status}.`),
    ...(outcome === "throttled" ? { retryAfterMs: SECOND_MS } : {}),
  };
}

/** What GetSMSSandboxAccountStatus says. */
export function accountState(answer: Answer) {
  if (answer.status !== 200) {
    const { code, reason } = refusal(answer);
    return { ok: false, code, detail: reason } as const;
  }
  const isInSandbox = xmlTexts(answer.body).get(
    "GetSMSSandboxAccountStatusResponse/GetSMSSandboxAccountStatusResult/IsInSandbox",
  );
  if (isInSandbox === undefined) {
    return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like SNS." } as const;
  }
  const sandbox = isInSandbox === "true" ? " In the SMS sandbox: it reaches verified numbers only." : "";
  return { ok: true, detail: `The account may send.${sandbox}` } as const;
}
