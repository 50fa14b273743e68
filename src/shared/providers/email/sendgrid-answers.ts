/** What SendGrid means by its answers. https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors */
import { z } from "zod";
import type { Receipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs } from "../answers.ts";
import type { Answer } from "../provider.ts";

type Failure = Exclude<Receipt, { outcome: "sent" }>;

const errorShape = z.object({ message: z.string().catch(""), field: z.string().nullish().catch(null) });

/** An error of a refusal: what it says, and the place in the body that it is about. */
export type SendGridError = z.output<typeof errorShape>;

export function errorsIn(answer: Answer): SendGridError[] {
  return z.array(errorShape).catch([]).parse(parseObject(answer.body).errors);
}

/** An answer other than 202. */
export function refusal(answer: Answer): Failure {
  const errors = errorsIn(answer);
  const outcome = outcomeOf(answer.status, errors);
  return {
    outcome,
    code: `http_${answer.status}`,
    reason: excerpt(
      errors.map(({ message, field }) => (field ? `${message} (${field})` : message)).join(" "),
      `SendGrid answered ${answer.status}.`,
    ),
    ...(outcome === "throttled" ? { retryAfterMs: untilReset(answer.headers) } : {}),
  };
}

/** SendGrid takes no idempotency key and promises nothing about 5xx: the mail may be out. */
function outcomeOf(status: number, errors: readonly SendGridError[]): Failure["outcome"] {
  if (status === 429) return "throttled";
  if (status < 300 || status === 408 || status >= 500) return "unknown";
  if (status < 400 || [401, 403, 404, 405].includes(status)) return "misconfigured";
  return status === 400 && errors.length > 0 && errors.every(isRecipient) ? "recipient_invalid" : "permanent";
}

/** Which personalization an error is about; null where it is about the whole call. */
export function personalizationAt({ field }: SendGridError): number | null {
  const index = /^personalizations\.(\d{1,4})\./.exec(field ?? "")?.[1];
  return index === undefined ? null : Number(index);
}

const isRecipient = ({ field }: SendGridError) => /^personalizations\.\d{1,4}\.to\b/.test(field ?? "");

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** `X-RateLimit-Reset` is in seconds since 1970 by SendGrid's clock, which `Date` tells. Its windows are a minute long. */
function untilReset(headers: Headers): number {
  const resetAt = Number(headers.get("x-ratelimit-reset") ?? Number.NaN) * 1000;
  const waitMs = resetAt - Date.parse(headers.get("date") ?? "");
  if (!Number.isFinite(waitMs)) return retryAfterMs(headers) ?? MINUTE_MS;
  return Math.min(Math.max(waitMs, 1000), DAY_MS);
}

/** What the key's scopes say about whether it may send. */
export function keyState(answer: Answer) {
  if (answer.status !== 200) {
    const { code, reason } = refusal(answer);
    return { ok: false, code, detail: reason } as const;
  }
  const { scopes } = parseObject(answer.body);
  if (!Array.isArray(scopes)) {
    return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like SendGrid." } as const;
  }
  return scopes.includes("mail.send")
    ? ({ ok: true, detail: "The API key may send mail." } as const)
    : ({ ok: false, code: "missing_scope", detail: "The API key lacks the scope mail.send." } as const);
}
