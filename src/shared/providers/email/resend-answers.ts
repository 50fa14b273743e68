/** What Resend means by its answers: `{statusCode, name, message}`. https://resend.com/docs/api-reference/errors */
import type { Receipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";

type Failure = Exclude<Receipt, { outcome: "sent" }>;

/** Where the name of the error says more than the status. */
const OUTCOMES: Readonly<Record<string, Failure["outcome"]>> = {
  daily_quota_exceeded: "misconfigured",
  monthly_quota_exceeded: "misconfigured",
  invalid_idempotent_request: "permanent",
  concurrent_idempotent_requests: "transient",
};
const OUTCOME_OF = new Map(Object.entries(OUTCOMES));

/** An answer that is not 2xx, or says nothing. */
export function refusal(answer: Answer): Failure {
  const body = parseObject(answer.body);
  const name = text(body, "name");
  const outcome = OUTCOME_OF.get(name ?? "") ?? byStatus(answer.status);
  const waitMs = outcome === "throttled" ? untilReset(answer.headers) : undefined;
  return {
    outcome,
    code: name === null ? `http_${answer.status}` : excerpt(name, `http_${answer.status}`).slice(0, 100),
    reason: excerpt(text(body, "message") ?? "", `Resend answered ${answer.status}.`),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  };
}

/** Every call carries an idempotency key: one that failed inside Resend may go again under it. */
function byStatus(status: number): Failure["outcome"] {
  if (status < 300) return "unknown";
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "transient";
  if (status < 400 || [401, 403, 404, 405].includes(status)) return "misconfigured";
  return "permanent";
}

/** `Retry-After`, else `ratelimit-reset`: both in seconds from now. */
function untilReset(headers: Headers): number | undefined {
  return retryAfterMs(headers) ?? retryAfterMs(new Headers({ "retry-after": headers.get("ratelimit-reset") ?? "" }));
}

/** What the list of domains, or the refusal to show it, says about the key. */
export function keyState(answer: Answer) {
  if (answer.status === 200) {
    const { data } = parseObject(answer.body);
    if (Array.isArray(data)) return { ok: true, detail: `The API key works. It sees ${data.length} domains.` } as const;
    return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like Resend." } as const;
  }
  const { code, reason } = refusal(answer);
  // Genuine, and good for sending only: https://resend.com/docs/api-reference/errors
  if (answer.status === 401 && code === "restricted_api_key") {
    return { ok: true, detail: "The API key works, for sending only." } as const;
  }
  return { ok: false, code, detail: reason } as const;
}
