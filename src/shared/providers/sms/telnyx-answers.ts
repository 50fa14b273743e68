/**
 * What Telnyx means by its answers, and by its codes in answers and in webhooks.
 * https://developers.telnyx.com/docs/messaging/messages/error-codes
 */
import type { FailedReceipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";
import { fieldsOf, itemsOf } from "../signals.ts";

const CODES: Readonly<Record<FailedReceipt["outcome"], readonly string[]>> = {
  throttled: ["10011", "40002", "40011"],
  misconfigured: ["10009", "10010", "40003"],
  recipient_invalid: ["10002", "10016", "40001", "40300", "40310"],
  transient: ["40004", "40006"],
  // 40008, that a carrier did not accept it, speaks against the number only where it comes again and again.
  permanent: ["40005", "40008", "40009"],
  unknown: ["10007", "10008"],
};

const OUTCOME_OF = new Map(
  Object.entries(CODES).flatMap(([outcome, codes]) => codes.map((code) => [code, outcome as FailedReceipt["outcome"]] as const)),
);

/** The recipient has written STOP. */
export const OPTED_OUT = "40300";

/** What a code means for a message. One we do not know is permanent. */
export function outcomeOfCode(code: string): FailedReceipt["outcome"] {
  return OUTCOME_OF.get(code) ?? "permanent";
}

/** An answer that is not 2xx. */
export function refusal(answer: Answer): FailedReceipt {
  const error = fieldsOf(itemsOf(parseObject(answer.body).errors)[0]);
  const code = typeof error.code === "number" ? String(error.code) : text(error, "code");
  const outcome = byStatus(answer.status) ?? (code === null ? "permanent" : outcomeOfCode(code));
  const retryMs = outcome === "throttled" ? retryAfterMs(answer.headers) : undefined;
  return {
    outcome,
    code: code === null ? `http_${answer.status}` : excerpt(code, "error").slice(0, 100),
    reason: excerpt(text(error, "detail") ?? text(error, "title") ?? "", `Telnyx answered ${answer.status}.`),
    ...(retryMs === undefined ? {} : { retryAfterMs: retryMs }),
  };
}

/** Where the status alone decides. A 5xx promises nothing: the message may be out. */
function byStatus(status: number): FailedReceipt["outcome"] | null {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "unknown";
  if (status === 401 || status === 403 || status === 404 || status < 400) return "misconfigured";
  if (status === 409) return "permanent";
  return null;
}

/** What the account's balance says. */
export function accountState(answer: Answer) {
  if (answer.status !== 200) {
    const { code, reason } = refusal(answer);
    return { ok: false, code, detail: reason } as const;
  }
  const data = fieldsOf(parseObject(answer.body).data);
  const [balance, currency] = [text(data, "available_credit") ?? text(data, "balance"), text(data, "currency")];
  if (balance === null || currency === null) {
    return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like Telnyx." } as const;
  }
  return { ok: true, detail: excerpt(`The key works; ${balance} ${currency} are left.`, "") } as const;
}
