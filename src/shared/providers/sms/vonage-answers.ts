/**
 * What Vonage means by its answers, and by its codes in answers and in status webhooks: problem details (RFC 7807) whose
 * `type` ends in `#code`.
 * https://developer.vonage.com/en/api-errors/messages
 */
import type { FailedReceipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";
import type { Fields } from "../signals.ts";

const CODES: Readonly<Record<FailedReceipt["outcome"], readonly number[]>> = {
  throttled: [1000],
  misconfigured: [1060, 1070, 1080, 1120],
  recipient_invalid: [1040, 1170, 1190, 1200, 1240, 1250],
  transient: [1100, 1180, 1220, 1230, 1260],
  permanent: [1010, 1020, 1022, 1050, 1090, 1130, 1210, 1280],
  unknown: [1030],
};

const OUTCOME_OF = new Map(
  Object.entries(CODES).flatMap(([outcome, codes]) => codes.map((code) => [code, outcome as FailedReceipt["outcome"]] as const)),
);

/** The recipient has opted out. */
export const OPTED_OUT = 1240;

/** What a code means for a message. One we do not know is permanent. */
export function outcomeOfCode(code: number): FailedReceipt["outcome"] {
  return OUTCOME_OF.get(code) ?? "permanent";
}

/** The code of problem details: at the end of `type`, or as the title of one inside a webhook. Null where there is none. */
export function codeOf(problem: Fields): number | null {
  const written = /#(\d{3,5})$/.exec(text(problem, "type") ?? "")?.[1] ?? problem.title;
  const code = typeof written === "number" ? written : /^\d{3,5}$/.test(String(written)) ? Number(written) : Number.NaN;
  return Number.isSafeInteger(code) && code > 0 ? code : null;
}

/** An answer that is not 2xx. */
export function refusal(answer: Answer): FailedReceipt {
  const problem = parseObject(answer.body);
  const code = codeOf(problem);
  const outcome = byStatus(answer.status) ?? (code === null ? "permanent" : outcomeOfCode(code));
  const retryMs = outcome === "throttled" ? retryAfterMs(answer.headers) : undefined;
  const said = [text(problem, "title"), text(problem, "detail")].filter((part) => part !== null).join(": ");
  return {
    outcome,
    code: code === null ? `http_${answer.status}` : String(code),
    reason: excerpt(said, `Vonage answered ${answer.status}.`),
    ...(retryMs === undefined ? {} : { retryAfterMs: retryMs }),
  };
}

/** Where the status alone decides. A 5xx promises nothing: the message may be out. */
function byStatus(status: number): FailedReceipt["outcome"] | null {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "unknown";
  if ([401, 402, 403, 404].includes(status) || status < 400) return "misconfigured";
  return null;
}

/** What the account's balance says. */
export function accountState(answer: Answer) {
  if (answer.status !== 200) {
    const { code, reason } = refusal(answer);
    return { ok: false, code, detail: reason } as const;
  }
  const { value } = parseObject(answer.body);
  if (typeof value !== "number") {
    return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like Vonage." } as const;
  }
  if (value <= 0) return { ok: false, code: "no_credit", detail: "The account has no credit left." } as const;
  return { ok: true, detail: `The key works; ${value.toFixed(2)} EUR are left.` } as const;
}
