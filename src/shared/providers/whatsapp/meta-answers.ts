/** What Meta means by its error codes, in answers and in statuses. https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes */
import type { FailedReceipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";
import { fieldsOf } from "../signals.ts";

const CODES: Readonly<Record<Exclude<FailedReceipt["outcome"], "unknown">, readonly number[]>> = {
  throttled: [4, 80007, 130429, 131056],
  misconfigured: [
    0, 3, 10, 190, 368, 131005, 131030, 131031, 131042, 131045, 131048, 133005, 133006, 133008, 133009, 133010, 133015,
  ],
  recipient_invalid: [131026, 131050],
  transient: [1, 2, 131000, 131016, 131057, 133004],
  // 132xxx: the template is missing, paused or filled wrongly, and the number is well.
  permanent: [
    33, 100, 130472, 130497, 131008, 131009, 131021, 131047, 131049, 131051, 131052, 131053, 132000, 132001, 132005, 132007,
    132012, 132015, 132016, 135000,
  ],
};

const OUTCOME_OF = new Map(
  Object.entries(CODES).flatMap(([outcome, codes]) => codes.map((code) => [code, outcome as keyof typeof CODES] as const)),
);

/** Null for a code that we do not know. 200 to 299 are permissions. */
export function outcomeOfCode(code: number): keyof typeof CODES | null {
  return code >= 200 && code <= 299 ? "misconfigured" : (OUTCOME_OF.get(code) ?? null);
}

/** How long Meta wants quiet for: it sends no Retry-After. 4 and 80007 count by the hour; 131056 is one message in 6 s to one recipient. */
const QUIET_MS: ReadonlyMap<number, number> = new Map([
  [4, 60_000],
  [80007, 60_000],
  [131056, 6000],
]);

/** An answer that is not 2xx: the code decides, since statuses vary. */
export function refusal(answer: Answer): FailedReceipt {
  const error = fieldsOf(parseObject(answer.body).error);
  const code = typeof error.code === "number" && Number.isSafeInteger(error.code) ? error.code : null;
  const outcome = (code === null ? null : outcomeOfCode(code)) ?? byStatus(answer.status, error.is_transient === true);
  const details = text(fieldsOf(error.error_data), "details");
  const said = [text(error, "message"), details].filter((part) => part !== null).join(" ");
  const quietMs = outcome === "throttled" ? (retryAfterMs(answer.headers) ?? QUIET_MS.get(code ?? -1)) : undefined;
  return {
    outcome,
    code: code === null ? `http_${answer.status}` : String(code),
    reason: excerpt(said, `Meta answered ${answer.status}.`),
    ...(quietMs === undefined ? {} : { retryAfterMs: quietMs }),
  };
}

/** Meta takes no idempotency key and promises nothing of a 5xx without a code: the message may be out. */
function byStatus(status: number, isTransient: boolean): FailedReceipt["outcome"] {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "unknown";
  if (status === 401 || status === 403 || status === 404 || status < 400) return "misconfigured";
  return isTransient ? "transient" : "permanent";
}

/** What the number itself says of the account. */
export function numberState(answer: Answer) {
  if (answer.status !== 200) {
    const { code, reason } = refusal(answer);
    return { ok: false, code, detail: reason } as const;
  }
  const body = parseObject(answer.body);
  const number = text(body, "display_phone_number");
  if (text(body, "id") === null || number === null) {
    return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like Meta." } as const;
  }
  const name = text(body, "verified_name");
  const quality = text(body, "quality_rating");
  const who = excerpt(name === null ? number : `${name}, ${number}`, number);
  return {
    ok: true,
    detail: `Messages come from ${who}${quality === null ? "" : `; quality ${excerpt(quality, "?")}`}.`,
  } as const;
}
