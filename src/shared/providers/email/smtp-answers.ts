/** What the end of an SMTP dialogue means. Reply codes: RFC 5321 4.2; enhanced codes: RFC 3463 and its registry at IANA. */
import type { FailedReceipt, Receipt } from "../../core/message.ts";
import { excerpt } from "../answers.ts";
import type { Phase, SmtpResult } from "./smtp-dialogue.ts";
import type { Reply } from "./smtp-replies.ts";

type Outcome = FailedReceipt["outcome"];

const LACKS = {
  starttls: ["misconfigured", "starttls_not_offered", "The server offers no STARTTLS, and nothing is told in the clear."],
  auth: ["misconfigured", "auth_not_offered", "The server offers neither AUTH PLAIN nor AUTH LOGIN."],
  size: ["permanent", "message_too_large", "The message is larger than the server takes."],
  "8bitmime": ["permanent", "8bitmime_not_offered", "The server takes no message with bytes above 127."],
  smtputf8: ["permanent", "smtputf8_not_offered", "The server takes no address outside ASCII."],
} as const satisfies Record<string, readonly [Outcome, string, string]>;

/** What became of a mail, named as its own message id says. */
export function receiptOf(result: SmtpResult, messageId: string): Receipt {
  switch (result.kind) {
    case "taken":
      return { outcome: "sent", providerMessageId: messageId, ...remarkOf(result.refusedCopies) };
    case "refused":
      return refusal(result.phase, result.reply);
    case "unable": {
      const [outcome, code, reason] = LACKS[result.lacks];
      return { outcome, code, reason };
    }
    case "lost":
    case "nonsense": {
      // Only after the final dot may the server have it.
      const outcome = result.phase === "end" ? "unknown" : "transient";
      return { outcome, code: `${result.kind}_at_${result.phase}`, reason: excerpt(result.reason, "The connection broke.") };
    }
    case "signed_in":
      return { outcome: "unknown", code: "nothing_sent", reason: "The talk ended before a message was handed over." };
  }
}

/** What a talk without a mail says of the account. */
export function accountState(result: SmtpResult) {
  if (result.kind === "signed_in") {
    const most = result.offers.sizeBytes ? ` It takes messages of up to ${result.offers.sizeBytes} bytes.` : "";
    return { ok: true, detail: `The server takes the user name and the password, inside TLS.${most}` } as const;
  }
  const receipt = receiptOf(result, "none");
  const { code, reason } = receipt.outcome === "sent" ? { code: "sent", reason: "Something was sent." } : receipt;
  return { ok: false, code, detail: reason } as const;
}

function remarkOf(copies: Extract<SmtpResult, { kind: "taken" }>["refusedCopies"]) {
  if (copies.length === 0) return {};
  const all = copies.map(({ address, reply }) => `${address}: ${codeOf(reply)} ${reply.lines.join(" ")}`).join("; ");
  return { remark: excerpt(`Copies that were refused: ${all}`, "") };
}

function codeOf({ code, enhanced }: Reply): string {
  return enhanced === null ? String(code) : `${code} ${enhanced}`;
}

const MAILBOX_FULL_MS = 3_600_000;
const GREYLISTED = /gr[ea]y-?list/i;
const TOO_LARGE = /\b(size|large|big)\b/i;
const SENDER = /\bsender\b|\breturn[- ]path\b/i;

function refusal(phase: Phase, reply: Reply): FailedReceipt {
  const words = reply.lines.join(" ");
  const outcome = outcomeOf(phase, reply, words);
  const isFull = outcome === "transient" && (reply.enhanced?.endsWith(".2.2") || reply.code === 552);
  return {
    outcome,
    code: codeOf(reply),
    reason: excerpt(words, `The server answered ${reply.code} at ${phase}.`),
    ...(isFull ? { retryAfterMs: MAILBOX_FULL_MS } : {}),
  };
}

function outcomeOf(phase: Phase, { code, enhanced }: Reply, words: string): Outcome {
  // 4.7.x is policy: too much, too fast. Not so at AUTH, where it is the server's own trouble, nor of one recipient's greylist.
  if (code < 500) {
    return enhanced?.startsWith("4.7.") && phase !== "auth" && !GREYLISTED.test(words) ? "throttled" : "transient";
  }
  // Nothing was said of a mail yet: it is the connection that is refused.
  if (isBefore(phase)) return "misconfigured";
  if (code === 530 || code === 534 || code === 535 || code === 538 || enhanced === "5.7.8") return "misconfigured";
  if (enhanced === "5.1.7" || enhanced === "5.1.8") return "misconfigured";
  if (phase === "mail" && (code === 501 || code === 553)) return "misconfigured";
  if (code === 553 && SENDER.test(words)) return "misconfigured";
  if (phase !== "mail" && enhanced !== null && INVALID.has(enhanced)) return "recipient_invalid";
  if (enhanced === "5.2.2") return "transient";
  if (code === 552 && enhanced === null) return TOO_LARGE.test(words) || phase === "mail" ? "permanent" : "transient";
  return "permanent";
}

/** No such mailbox, no such domain, not an address, moved, null MX, disabled. */
const INVALID: ReadonlySet<string> = new Set(["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"]);

function isBefore(phase: Phase): boolean {
  return phase === "connect" || phase === "greeting" || phase === "ehlo" || phase === "starttls" || phase === "auth";
}
