/** What Twilio means by its answers, and by its error codes in answers and in status callbacks. https://www.twilio.com/docs/api/errors */
import type { Receipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";

type Failure = Exclude<Receipt, { outcome: "sent" }>;

const CODES: Readonly<Record<Exclude<Failure["outcome"], "unknown">, readonly number[]>> = {
  throttled: [14107, 20429, 21611, 30022, 30023, 30027, 63017, 63018, 63038],
  misconfigured: [
    20003, 20005, 20006, 20404, 21408, 21603, 21606, 21608, 21612, 21655, 21656, 21657, 21659, 21660, 21661, 21701, 21703, 30002,
    30032, 30034, 30035, 63007, 63010, 63020,
  ],
  recipient_invalid: [21211, 21214, 21217, 21265, 21268, 21610, 21614, 30005, 30006, 63003, 63024],
  transient: [21730, 30001, 30003, 30008, 30017, 30410, 63011, 63012, 63023],
  // 30004 and 63032, that it was blocked on its way, speak against the message and not against the number.
  permanent: [
    21602, 21617, 21619, 21620, 30004, 30007, 30010, 30018, 30036, 63005, 63013, 63016, 63021, 63027, 63028, 63032, 63041, 63042,
    63049,
  ],
};

const OUTCOME_OF = new Map(
  Object.entries(CODES).flatMap(([outcome, codes]) => codes.map((code) => [code, outcome as keyof typeof CODES] as const)),
);

/** What a Twilio error code means for a message, in an answer or in a status callback. A code we do not know is permanent. */
export function outcomeOfCode(code: number): Failure["outcome"] {
  return OUTCOME_OF.get(code) ?? "permanent";
}

/** The recipient has written STOP. */
const OPTED_OUT = 21610;

/** Why the recipient of a message that failed with this code must not be written to again; undefined where nothing speaks against it. */
export function suppressOfCode(code: number): "unsubscribe" | "invalid" | undefined {
  if (code === OPTED_OUT) return "unsubscribe";
  return outcomeOfCode(code) === "recipient_invalid" ? "invalid" : undefined;
}

/** A message that Twilio took and then gave up, by its error code. */
export function failure(code: number, said: string): Failure {
  return {
    outcome: outcomeOfCode(code),
    code: Number.isFinite(code) && code > 0 ? String(code) : "failed",
    reason: excerpt(said, "Twilio refused the message."),
  };
}

/** An answer that is not 2xx. */
export function refusal(answer: Answer): Failure {
  const body = parseObject(answer.body);
  const code = typeof body.code === "number" ? body.code : null;
  const said = text(body, "message") ?? "";
  const outcome = byStatus(answer.status) ?? (code === null ? "permanent" : outcomeOfCode(code));
  const retryMs = outcome === "throttled" ? retryAfterMs(answer.headers) : undefined;
  return {
    outcome,
    code: code === null ? `http_${answer.status}` : String(code),
    reason: excerpt(said, `Twilio answered ${answer.status}.`),
    ...(retryMs === undefined ? {} : { retryAfterMs: retryMs }),
  };
}

/** Where the status alone decides. Twilio takes no idempotency key and promises nothing about 5xx: the message may be out. */
function byStatus(status: number): Failure["outcome"] | null {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "unknown";
  if (status === 401 || status === 403 || status === 404 || status < 400) return "misconfigured";
  return null;
}

/** What the probe found: the account itself, or a page of its messages. */
export function accountState(answer: Answer) {
  if (answer.status !== 200) {
    const { code, reason } = refusal(answer);
    return { ok: false, code, detail: reason } as const;
  }
  const body = parseObject(answer.body);
  if (Array.isArray(body.messages)) return { ok: true, detail: "The API key may read messages." } as const;
  const status = text(body, "status");
  if (status === null) {
    return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like Twilio." } as const;
  }
  if (status !== "active") {
    return { ok: false, code: "account_not_active", detail: `The account is ${excerpt(status, "not active")}.` } as const;
  }
  const detail = body.type === "Trial" ? "A trial account: it reaches verified numbers only." : "The account is active.";
  return { ok: true, detail } as const;
}
