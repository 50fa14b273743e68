/** What Bird's REST API means by its answers: `errors[]` of a code, a description and a parameter. */
import type { FailedReceipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";
import { fieldsOf, itemsOf } from "../signals.ts";

/** An answer that is not 2xx. */
export function refusal(answer: Answer): FailedReceipt {
  const error = fieldsOf(itemsOf(parseObject(answer.body).errors)[0]);
  const code = typeof error.code === "number" && Number.isSafeInteger(error.code) ? error.code : null;
  const outcome = byStatus(answer.status) ?? ofError(code, error.parameter);
  const retryMs = outcome === "throttled" ? retryAfterMs(answer.headers) : undefined;
  return {
    outcome,
    code: code === null ? `http_${answer.status}` : String(code),
    reason: excerpt(text(error, "description") ?? "", `Bird answered ${answer.status}.`),
    ...(retryMs === undefined ? {} : { retryAfterMs: retryMs }),
  };
}

/** 2 not allowed, 9 missing, 10 invalid, 20 not found, 25 no balance, 98 no such API, 99 internal. */
function ofError(code: number | null, parameter: unknown): FailedReceipt["outcome"] {
  switch (code) {
    case 2:
    case 20:
    case 25:
    case 98:
      return "misconfigured";
    case 99:
      return "unknown";
    case 9:
    case 10:
      if (parameter === "recipients") return "recipient_invalid";
      return parameter === "originator" ? "misconfigured" : "permanent";
    default: // an open list: what is new is about this message
      return "permanent";
  }
}

/** Where the status alone decides. It takes no idempotency key: after a 5xx the message may be out. */
function byStatus(status: number): FailedReceipt["outcome"] | null {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "unknown";
  if ([401, 402, 403, 404, 405].includes(status) || status < 400) return "misconfigured";
  return null;
}

/** What the account's balance says. */
export function accountState(answer: Answer) {
  if (answer.status !== 200) {
    const { code, reason } = refusal(answer);
    return { ok: false, code, detail: reason } as const;
  }
  const { amount, type } = parseObject(answer.body);
  if (typeof amount !== "number" || typeof type !== "string") {
    return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like Bird." } as const;
  }
  return { ok: true, detail: excerpt(`The key works; ${amount} ${type} are left.`, "") } as const;
}
