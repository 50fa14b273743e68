/** Discord, by a channel's webhook. https://discord.com/developers/docs/resources/webhook#execute-webhook */
import { z } from "zod";
import type { Envelope, FailedReceipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import { endpoint } from "../endpoint.ts";
import { type Account, type Answer, httpProvider } from "../provider.ts";
import { tooLong } from "../supports.ts";
import { chatOf, linkOf, refuseElsewhere, waitOf, webhookAt, webhookDestination, webhookUrl } from "./parts.ts";

const credentials = z.strictObject({
  webhook_url: webhookUrl(
    /^https:\/\/((ptb|canary)\.)?discord(app)?\.com\/api\/(v\d{1,2}\/)?webhooks\/\d{5,25}\/[\w-]{10,200}$/,
    "https://discord.com/api/webhooks/…",
  ),
});
const settings = z.strictObject({ destination: webhookDestination, endpoint: endpoint.optional() });

type DiscordAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const discord = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "discord",
  name: "Discord (webhook)",
  channels: ["chat"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  refuse: (destination, account) => refuseElsewhere(destination, account.settings),
  supports: (envelope) => tooLong("The text", content(envelope).length, MAX_CONTENT),
  encode: async (envelope, account) =>
    new Request(`${at(account)}?wait=true`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      // Without `wait` Discord answers before it has looked at it; with an empty `parse` nothing in it calls anyone.
      body: JSON.stringify({ content: content(envelope), allowed_mentions: { parse: [] } }),
    }),
  decode(answer) {
    const id = answer.status === 200 ? text(parseObject(answer.body), "id") : null;
    return id === null ? refusal(answer) : { outcome: "sent", providerMessageId: id.slice(0, 300) };
  },
  probe: {
    encode: async (account) => new Request(at(account)),
    decode(answer) {
      const body = parseObject(answer.body);
      const name = text(body, "name");
      if (answer.status === 200 && text(body, "id") !== null && name !== null) {
        return { ok: true, detail: excerpt(`The webhook is there: ${name}.`, "The webhook is there.") };
      }
      const { code, reason } = refusal(answer);
      return { ok: false, code, detail: reason };
    },
  },
});

function at({ credentials: { webhook_url }, settings }: DiscordAccount): string {
  return webhookAt(webhook_url, settings.endpoint);
}

const MAX_CONTENT = 2000;

/** Markdown works in it, but for links that hide behind other words, and for mentions and times in angle brackets. */
function content(envelope: Envelope): string {
  const { title, text: body, url } = chatOf(envelope, "Discord");
  const link = linkOf(url);
  return [...(title === undefined ? [] : [`**${escaped(title)}**`]), escaped(body), ...(link === null ? [] : [`<${link}>`])].join(
    "\n",
  );
}

function escaped(given: string): string {
  return given.replaceAll(/[\\[<]/g, "\\$&");
}

/** By status; Discord's own code says which. The webhook is the connection's: one that is gone is no fault of a recipient. */
function refusal(answer: Answer): FailedReceipt {
  const body = parseObject(answer.body);
  const outcome = outcomeOf(answer.status);
  const headerMs = retryAfterMs(answer.headers);
  const wait = headerMs === undefined ? waitOf(body.retry_after) : { retryAfterMs: headerMs };
  return {
    outcome,
    code: typeof body.code === "number" && body.code > 0 ? String(body.code).slice(0, 100) : `http_${answer.status}`,
    reason: excerpt(text(body, "message") ?? "", `Discord answered ${answer.status}.`),
    ...(outcome === "throttled" ? wait : {}),
  };
}

function outcomeOf(status: number): FailedReceipt["outcome"] {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500 || (status >= 200 && status < 300)) return "unknown";
  return status === 400 || status === 413 ? "permanent" : "misconfigured";
}
