/** What providers of chat have in common: fields of their forms, whom they carry to, and links. */
import { z } from "zod";
import type { Envelope, FailedReceipt } from "../../core/message.ts";
import { under } from "../endpoint.ts";

export type ChatEnvelope = Extract<Envelope, { channel: "chat" }>;

/** A message to a chat, or a bug: the plan gives a provider no channel that it does not carry. */
export function chatOf(envelope: Envelope, provider: string): ChatEnvelope {
  if (envelope.channel !== "chat") throw new Error(`${provider} does not carry ${envelope.channel}`);
  return envelope;
}

/** A webhook's URL, which is all that it takes to post there. `pattern` holds the hosts, so that it leads nowhere else. */
export function webhookUrl(pattern: RegExp, looksLike: string) {
  return z
    .string()
    .max(2000)
    .regex(pattern, `It looks like ${looksLike}.`)
    .refine((url) => URL.canParse(url), "It is not a URL.")
    .meta({ title: "Webhook URL", description: "Whoever has it can post: it is kept as a secret.", format: "password" });
}

/** What stands for the one place that a webhook posts to, since its URL is secret. */
export const webhookDestination = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\S(.*\S)?$/, "It has no space at its ends.")
  .meta({
    title: "Destination",
    description:
      "The name that messages are addressed to, such as ops-alerts. A webhook posts to one place only: messages to other destinations do not go over it.",
  });

export function refuseElsewhere(destination: string, settings: { readonly destination: string }): FailedReceipt | null {
  return destination === settings.destination ? null : notCarried(`This webhook posts to ${settings.destination} only.`);
}

export function notCarried(reason: string): FailedReceipt {
  return { outcome: "permanent", code: "target_not_carried", reason };
}

/** The webhook's URL, or the same path and query under another base. */
export function webhookAt(url: string, endpoint: string | undefined): string {
  if (endpoint === undefined) return url;
  const { pathname, search } = new URL(url);
  return under(endpoint, pathname + search);
}

/** A link that an app may show: http or https, in ASCII, without what could end it; null for what is none. */
export function linkOf(url: string | undefined): string | null {
  const parsed = url === undefined ? null : URL.parse(url);
  return parsed?.protocol === "https:" || parsed?.protocol === "http:" ? parsed.href.replaceAll("|", "%7C") : null;
}

/** Where a provider says nothing that could be an id. */
export const NO_ID = "accepted";

/** Seconds, also parts of them, as milliseconds; a day at most; nothing for what is no time. */
export function waitOf(seconds: unknown): { readonly retryAfterMs?: number } {
  if (typeof seconds !== "number" || !(seconds > 0)) return {};
  return { retryAfterMs: Math.ceil(Math.min(seconds, 86_400) * 1000) };
}
