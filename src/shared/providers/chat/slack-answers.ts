/**
 * What Slack means by its answers: those of the Web API say `{"ok":false,"error":…}` with status 200, those of a webhook
 * are a status and a word. https://docs.slack.dev/reference/methods/chat.postMessage ·
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
import type { FailedReceipt, Receipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import type { Answer } from "../provider.ts";
import { NO_ID } from "./parts.ts";

type Outcome = FailedReceipt["outcome"];

const WORDS: Readonly<Record<Exclude<Outcome, "transient">, readonly string[]>> = {
  throttled: ["ratelimited", "rate_limited"],
  recipient_invalid: ["channel_not_found", "is_archived", "not_in_channel", "user_not_found"],
  misconfigured: [
    "account_inactive",
    "action_prohibited",
    "channel_is_archived",
    "invalid_auth",
    "invalid_token",
    "missing_scope",
    "no_service",
    "no_team",
    "not_authed",
    "token_expired",
    "token_revoked",
  ],
  permanent: ["invalid_blocks", "invalid_payload", "msg_too_long", "no_text", "too_many_attachments"],
  unknown: ["fatal_error", "internal_error", "request_timeout", "rollup_error", "service_unavailable"],
};
const OUTCOME_OF = new Map(
  Object.entries(WORDS).flatMap(([outcome, words]) => words.map((word) => [word, outcome as keyof typeof WORDS] as const)),
);

/** The answer to `chat.postMessage`. */
export function posted(answer: Answer): Receipt {
  const body = parseObject(answer.body);
  const [channel, ts] = [text(body, "channel"), text(body, "ts")];
  if (answer.status === 200 && body.ok === true && channel !== null && ts !== null) {
    return { outcome: "sent", providerMessageId: `${channel}/${ts}`.slice(0, 300) };
  }
  return refusal(answer, text(body, "error"));
}

/** The answer of a webhook. Where its channel is gone, so is the webhook: a fault of the connection. */
export function taken(answer: Answer): Receipt {
  const word = answer.body.trim();
  if (answer.status === 200 && word === "ok") return { outcome: "sent", providerMessageId: NO_ID };
  const isWord = /^[a-z_]{1,60}$/.test(word) && answer.status >= 300;
  const failed = refusal(answer, isWord ? word : text(parseObject(answer.body), "error"));
  return failed.outcome === "recipient_invalid" ? { ...failed, outcome: "misconfigured" } : failed;
}

export function refusal(answer: Answer, word: string | null): FailedReceipt {
  const outcome = (word === null ? undefined : OUTCOME_OF.get(word)) ?? byStatus(answer.status, word !== null);
  const wait = outcome === "throttled" ? retryAfterMs(answer.headers) : undefined;
  return {
    outcome,
    code: word === null ? `http_${answer.status}` : excerpt(word, "error").slice(0, 100),
    reason: excerpt(word ?? "", `Slack answered ${answer.status}.`),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  };
}

/** Slack promises nothing of a 5xx: the message may be out. An error by a name that is new is about this message. */
function byStatus(status: number, hasWord: boolean): Outcome {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "unknown";
  if (status >= 200 && status < 300) return hasWord ? "permanent" : "unknown";
  return status === 400 || status === 413 ? "permanent" : "misconfigured";
}
