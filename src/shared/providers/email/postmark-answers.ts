/** What Postmark means by its answers: `{ErrorCode, Message}`. https://postmarkapp.com/developer/api/overview#error-codes */
import type { Receipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";

type Failure = Exclude<Receipt, { outcome: "sent" }>;

const CODES: Readonly<Partial<Record<Failure["outcome"], readonly number[]>>> = {
  misconfigured: [10, 400, 401, 405, 412, 413],
  transient: [100],
  permanent: [300, 402, 403, 409, 410, 411],
  recipient_invalid: [406],
};
const OUTCOME_OF = new Map(
  Object.entries(CODES).flatMap(([outcome, codes]) => codes.map((code) => [code, outcome as Failure["outcome"]] as const)),
);

/** An answer that brings no MessageID. */
export function refusal(answer: Answer): Failure {
  const body = parseObject(answer.body);
  const code =
    typeof body.ErrorCode === "number" && Number.isInteger(body.ErrorCode) && body.ErrorCode > 0 ? body.ErrorCode : null;
  const said = text(body, "Message") ?? "";
  const outcome = outcomeOf(answer.status, code, said);
  const waitMs = outcome === "throttled" ? retryAfterMs(answer.headers) : undefined;
  return {
    outcome,
    code: code === null ? `http_${answer.status}` : String(code),
    reason: excerpt(said, `Postmark answered ${answer.status}.`),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  };
}

/** Postmark takes no idempotency key and promises nothing about 5xx, but for the maintenance that it names: the mail may be out. */
function outcomeOf(status: number, code: number | null, said: string): Failure["outcome"] {
  if (status === 429) return "throttled";
  if (code === 300 && /'To'/.test(said)) return "recipient_invalid";
  const known = code === null ? undefined : OUTCOME_OF.get(code);
  if (known !== undefined) return known;
  if (status < 300 || status === 408 || status >= 500) return "unknown";
  return status < 400 || [401, 403, 404, 405].includes(status) ? "misconfigured" : "permanent";
}

/** What the server that the token belongs to says of itself. */
export function serverState(answer: Answer) {
  if (answer.status !== 200) {
    const { code, reason } = refusal(answer);
    return { ok: false, code, detail: reason } as const;
  }
  const body = parseObject(answer.body);
  const name = text(body, "Name");
  if (name === null || typeof body.ID !== "number") {
    return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like Postmark." } as const;
  }
  const sandbox = body.DeliveryType === "Sandbox" ? " It is a sandbox: nothing is delivered." : "";
  return { ok: true, detail: `The token is of the server ${excerpt(name, "without a name")}.${sandbox}` } as const;
}
