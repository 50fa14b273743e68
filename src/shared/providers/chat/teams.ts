/**
 * Microsoft Teams, by a workflow that starts when a webhook request is received, and posts the card that comes with it.
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
 * https://adaptivecards.io/explorer/AdaptiveCard.html · at most 4 calls a second, and 28 KB each.
 */
import { z } from "zod";
import type { Envelope, FailedReceipt } from "../../core/message.ts";
import { excerpt, parseObject, retryAfterMs, text } from "../answers.ts";
import { endpoint } from "../endpoint.ts";
import { type Account, type Answer, httpProvider } from "../provider.ts";
import { fieldsOf } from "../signals.ts";
import { tooLong } from "../supports.ts";
import { chatOf, linkOf, NO_ID, refuseElsewhere, webhookAt, webhookDestination, webhookUrl } from "./parts.ts";

const credentials = z.strictObject({
  webhook_url: webhookUrl(
    /^https:\/\/([a-z0-9-]+\.)+(logic\.azure\.(com|us|cn)|api\.powerplatform\.(com|us|cn)|api\.gov\.powerplatform\.microsoft\.us)(:443)?\/[\x21-\x7e]{1,1500}$/,
    "https://….logic.azure.com/workflows/… or https://….api.powerplatform.com/powerautomate/…",
  ),
});
const settings = z.strictObject({ destination: webhookDestination, endpoint: endpoint.optional() });

type TeamsAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

export const teams = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "teams",
  name: "Microsoft Teams (workflow)",
  channels: ["chat"],
  credentials,
  settings,
  timeoutMs: 15_000,
  idempotent: false,
  refuse: (destination, account) => refuseElsewhere(destination, account.settings),
  supports: (envelope) => tooLong("JSON of the card", new TextEncoder().encode(JSON.stringify(card(envelope))).length, MAX_BYTES),
  encode: async (envelope, account) =>
    new Request(at(account), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(card(envelope)),
    }),
  decode(answer) {
    // 202, and the workflow's run comes after that: what becomes of it is not told.
    return answer.status === 200 || answer.status === 202 ? { outcome: "sent", providerMessageId: NO_ID } : refusal(answer);
  },
  probe: {
    encode: async (account) => new Request(at(account)),
    decode: () => ({
      ok: false,
      code: "cannot_verify",
      detail: "A workflow can only be tried by posting to it: send a message to see whether it works.",
    }),
  },
});

function at({ credentials: { webhook_url }, settings }: TeamsAccount): string {
  return webhookAt(webhook_url, settings.endpoint);
}

const MAX_BYTES = 28_000;

function card(envelope: Envelope) {
  const { title, text: body, url } = chatOf(envelope, "Teams");
  const link = linkOf(url);
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    body: [
      ...(title === undefined
        ? []
        : [{ type: "TextBlock", text: markdown(title), weight: "Bolder", size: "Medium", wrap: true }]),
      { type: "TextBlock", text: markdown(body), wrap: true },
    ],
    ...(link === null ? {} : { actions: [{ type: "Action.OpenUrl", title: new URL(link).hostname, url: link }] }),
    msteams: { width: "Full" },
  };
  return {
    type: "message",
    attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content }],
  };
}

/** The card's Markdown works in it, but for links behind other words. It ends a line only where a paragraph ends. */
function markdown(given: string): string {
  return given.replaceAll(/[\\[]/g, "\\$&").replaceAll("\n", "\n\n");
}

function refusal(answer: Answer): FailedReceipt {
  const error = fieldsOf(parseObject(answer.body).error);
  const outcome = outcomeOf(answer.status);
  const wait = outcome === "throttled" ? retryAfterMs(answer.headers) : undefined;
  return {
    outcome,
    code: excerpt(text(error, "code") ?? "", `http_${answer.status}`).slice(0, 100),
    reason: excerpt(text(error, "message") ?? "", `Teams answered ${answer.status}.`),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  };
}

function outcomeOf(status: number): FailedReceipt["outcome"] {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500 || (status >= 200 && status < 300)) return "unknown";
  return status === 400 || status === 413 ? "permanent" : "misconfigured";
}
