/** What push services mean by their answers. RFC 8030 §5 to §8, RFC 8292 §4.2 · https://mozilla-services.github.io/autopush-rs/errors.html */
import type { FailedReceipt, Receipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";

/** Microsoft throttles with 406 and names no time. */
const PAUSE_MS = 60_000;

/** Success is in the status: the body is empty, and not every service names the message. */
export function read(answer: Answer): Receipt {
  if (answer.status === 200 || answer.status === 201 || answer.status === 202) {
    const { headers } = answer;
    const name = headers.get("location") ?? headers.get("apns-id") ?? headers.get("x-wns-msg-id") ?? "";
    return { outcome: "sent", providerMessageId: name.slice(-200) || "unnamed" };
  }
  return refusal(answer);
}

function refusal(answer: Answer): FailedReceipt {
  const { status, headers } = answer;
  const body = parseObject(answer.body);
  const said = text(body, "message") ?? text(body, "reason") ?? (answer.body.trimStart().startsWith("<") ? "" : answer.body);
  const base = { code: `http_${status}`, reason: excerpt(said, `The push service answered ${status}.`) };
  if (status === 404 || status === 410) return { ...base, outcome: "recipient_invalid", code: "gone" };
  if (status === 413) return { ...base, outcome: "permanent", code: "payload_too_large" };
  if (status === 429 || status === 406) return { ...base, outcome: "throttled", retryAfterMs: retryAfterMs(headers) ?? PAUSE_MS };
  // Of this one browser, which subscribed with another key; the connection is well.
  if ((status === 401 || status === 403 || status === 400) && isOfAnotherKey(said)) {
    return { ...base, outcome: "recipient_invalid", code: "subscribed_with_another_key" };
  }
  if (status === 408 || status >= 500) {
    const waitMs = retryAfterMs(headers);
    return { ...base, outcome: "transient", ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
  }
  if (status >= 200 && status < 300) return { ...base, outcome: "unknown" };
  return { ...base, outcome: status <= 401 || status === 403 ? "misconfigured" : "permanent" };
}

/** As Google, Mozilla and Apple say it. */
function isOfAnotherKey(said: string): boolean {
  return /do not correspond to the credentials|public key mismatch|VapidPkHashMismatch/i.test(said);
}

/** The probe's subscription does not exist. That a push service says so shows the way out, and that it reads our JWT or need not. */
export function probed(answer: Answer) {
  const body = parseObject(answer.body);
  if (answer.status === 404 && typeof body.errno === "number") {
    return { ok: true, detail: "The keys are a pair, and a push service can be reached." } as const;
  }
  const receipt = read(answer);
  if (receipt.outcome === "sent" || receipt.outcome === "recipient_invalid") {
    return { ok: false, code: "unexpected_answer", detail: "This endpoint does not answer like a push service." } as const;
  }
  return { ok: false, code: receipt.code, detail: receipt.reason } as const;
}
