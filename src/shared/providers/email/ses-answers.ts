/**
 * What SES means by its answers. A refusal is classified by the name of its error, here and nowhere else.
 * https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
 */
import { z } from "zod";
import type { Receipt } from "../../core/message.ts";
import { excerpt, parseObject, text } from "../answers.ts";
import type { Answer } from "../provider.ts";

type Failure = Exclude<Receipt, { outcome: "sent" }>;

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;

/** By the name of the error; the status says less, since AWS gives 400 to almost all of them. */
const OUTCOMES: Readonly<Record<string, Failure["outcome"]>> = {
  TooManyRequestsException: "throttled",
  ThrottlingException: "throttled",
  Throttling: "throttled",
  LimitExceededException: "throttled",
  AccountSuspendedException: "misconfigured",
  SendingPausedException: "misconfigured",
  MailFromDomainNotVerifiedException: "misconfigured",
  NotFoundException: "misconfigured",
  AccessDeniedException: "misconfigured",
  NotAuthorized: "misconfigured",
  OptInRequired: "misconfigured",
  UnrecognizedClientException: "misconfigured",
  InvalidClientTokenId: "misconfigured",
  ExpiredTokenException: "misconfigured",
  IncompleteSignature: "misconfigured",
  InvalidSignatureException: "misconfigured",
  SignatureDoesNotMatch: "misconfigured",
  MissingAuthenticationToken: "misconfigured",
  MessageRejected: "permanent",
  BadRequestException: "permanent",
  InternalFailure: "transient",
  InternalServiceErrorException: "transient",
  ServiceUnavailable: "transient",
  RequestTimeout: "transient",
};
const OUTCOME_OF = new Map(Object.entries(OUTCOMES));

/** An answer that is not 2xx. SES sends no Retry-After. */
export function refusal(answer: Answer): Failure {
  const body = parseObject(answer.body);
  const named = answer.headers.get("x-amzn-errortype") ?? text(body, "__type") ?? "";
  const type = named.replace(/^.*#/, "").replace(/:.*$/s, "");
  const said = text(body, "message") ?? text(body, "Message") ?? "";
  const outcome =
    type === "MessageRejected" && /not verified/i.test(said)
      ? "misconfigured"
      : type === "NotFoundException" && /\btemplate\b/i.test(said)
        ? "permanent" // of this content: the account is well
        : (OUTCOME_OF.get(type) ?? byStatus(answer.status));
  return {
    outcome,
    code: type === "" ? `http_${answer.status}` : type.slice(0, 100),
    reason: excerpt(said, `SES answered ${answer.status}.`),
    ...(outcome === "throttled" ? { retryAfterMs: isDaily(type, said) ? HOUR_MS : SECOND_MS } : {}),
  };
}

/** The quota of 24 rolling hours, or an account's limit: a matter of hours. The sending rate is one of seconds. */
function isDaily(type: string, said: string): boolean {
  return type === "LimitExceededException" || /daily/i.test(said);
}

/** SES promises that a message it answers with 5xx was not accepted, unlike most. */
function byStatus(status: number): Failure["outcome"] {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "transient";
  if (status === 401 || status === 403 || status === 404 || status < 400) return "misconfigured";
  return "permanent";
}

const accountShape = z.object({
  SendingEnabled: z.boolean(),
  EnforcementStatus: z.string().optional(),
  ProductionAccessEnabled: z.boolean().optional(),
  SendQuota: z.object({ Max24HourSend: z.number(), MaxSendRate: z.number(), SentLast24Hours: z.number() }).partial().optional(),
});

/** What GetAccount says about whether this account can send. */
export function accountState(answer: Answer) {
  if (answer.status !== 200) {
    const { code, reason } = refusal(answer);
    return { ok: false, code, detail: reason } as const;
  }
  const state = accountShape.safeParse(parseObject(answer.body));
  if (!state.success) return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like SES." } as const;
  const { SendingEnabled, EnforcementStatus, ProductionAccessEnabled, SendQuota } = state.data;
  if (!SendingEnabled || EnforcementStatus === "SHUTDOWN") {
    return { ok: false, code: "sending_disabled", detail: "AWS has switched off sending for this account." } as const;
  }
  const quota = SendQuota ? ` ${SendQuota.MaxSendRate ?? "?"} messages a second, ${SendQuota.Max24HourSend ?? "?"} a day.` : "";
  const sandbox = ProductionAccessEnabled === false ? " In the SES sandbox: it reaches verified addresses only." : "";
  const rate = SendQuota?.MaxSendRate ?? 0;
  return {
    ok: true,
    detail: `The account can send.${quota}${sandbox}`,
    ...(rate > 0 && { suggestedLimits: { rate_per_second: rate } }),
  } as const;
}
