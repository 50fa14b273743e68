/** What Mailgun means by its answers: `{message}`. https://documentation.mailgun.com/docs/mailgun/api-reference/mg-errors */
import type { Receipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";

type Failure = Exclude<Receipt, { outcome: "sent" }>;

const MINUTE_MS = 60_000;

/** An answer that is not 2xx, or says nothing. */
export function refusal(answer: Answer): Failure {
  const said = text(parseObject(answer.body), "message") ?? "";
  const outcome = outcomeOf(answer.status, said);
  return {
    outcome,
    code: `http_${answer.status}`,
    reason: excerpt(said, `Mailgun answered ${answer.status}.`),
    ...(outcome === "throttled" ? { retryAfterMs: retryAfterMs(answer.headers) ?? MINUTE_MS } : {}),
  };
}

/** Mailgun takes no idempotency key and promises nothing about 5xx: the mail may be out. */
function outcomeOf(status: number, said: string): Failure["outcome"] {
  if (status === 429) return "throttled";
  if (status < 300 || status === 408 || status >= 500) return "unknown";
  // 402: the plan or its payment; 404: no such domain, or not in this region.
  if (status < 400 || [401, 402, 403, 404, 405].includes(status)) return "misconfigured";
  return status === 400 && /^'?to'? parameter is not a valid address/i.test(said) ? "recipient_invalid" : "permanent";
}

/** The probe names no recipient: that it is missed proves the key and the domain. */
export function keyState(answer: Answer) {
  const { code, reason } = refusal(answer);
  if (answer.status >= 200 && answer.status < 300) {
    return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like Mailgun." } as const;
  }
  if (answer.status === 400 && /^'?to'? parameter is missing/i.test(reason)) {
    return { ok: true, detail: "The API key may send for the domain." } as const;
  }
  return { ok: false, code, detail: reason } as const;
}
