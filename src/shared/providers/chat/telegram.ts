/** Telegram, by a bot. https://core.telegram.org/bots/api#sendmessage · a bot only reaches who wrote to it first, or added it. */
import { z } from "zod";
import type { Envelope, FailedReceipt } from "../../core/message.ts";
import { excerpt, parseObject, text } from "../answers.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, type Answer, httpProvider } from "../provider.ts";
import { fieldsOf } from "../signals.ts";
import { tooLong } from "../supports.ts";
import { chatOf, linkOf, notCarried, waitOf } from "./parts.ts";

const credentials = z.strictObject({
  bot_token: z
    .string()
    .regex(/^\d{6,12}:[\w-]{30,60}$/, "It looks like 123456789:AA….")
    .meta({ title: "Bot token", description: "As BotFather gave it.", format: "password" }),
});
const settings = z.strictObject({ endpoint: endpoint.optional() });

type TelegramAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

/** Destination: a chat's id, which is a number and negative for groups, or a channel's `@name`. */
export const telegram = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "telegram",
  name: "Telegram (bot)",
  channels: ["chat"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  refuse: (destination) =>
    /^(-?[1-9]\d{0,15}|@[A-Za-z]\w{3,31})$/.test(destination)
      ? null
      : notCarried("It is neither the id of a chat at Telegram, nor the @name of a channel."),
  supports: (envelope) => tooLong("The text", parts(envelope).join("\n").length, MAX_TEXT),
  encode: async (envelope, account) =>
    new Request(at(account, "sendMessage"), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        chat_id: envelope.to,
        text: html(envelope),
        parse_mode: "HTML",
        link_preview_options: { is_disabled: true },
      }),
    }),
  decode(answer) {
    const body = parseObject(answer.body);
    const { message_id: id } = fieldsOf(body.result);
    if (answer.status !== 200 || body.ok !== true || typeof id !== "number") return refusal(answer);
    return { outcome: "sent", providerMessageId: String(id) };
  },
  probe: {
    encode: async (account) => new Request(at(account, "getMe")),
    decode(answer) {
      const body = parseObject(answer.body);
      const name = text(fieldsOf(body.result), "username");
      if (answer.status === 200 && body.ok === true && name !== null)
        return { ok: true, detail: excerpt(`Writes as @${name}.`, name) };
      const { code, reason } = refusal(answer);
      return { ok: false, code, detail: reason };
    },
  },
});

/** The token stands in the path: https://core.telegram.org/bots/api#making-requests */
function at({ credentials: { bot_token }, settings }: TelegramAccount, method: string): string {
  return under(settings.endpoint ?? "https://api.telegram.org", `/bot${bot_token}/${method}`);
}

/** Counted as it is read, without tags. */
const MAX_TEXT = 4096;

function parts(envelope: Envelope): string[] {
  const { title, text: body, url } = chatOf(envelope, "Telegram");
  const link = linkOf(url);
  return [...(title === undefined ? [] : [title]), body, ...(link === null ? [] : [link])];
}

/** Nothing in it is a tag but ours, so that nothing else becomes bold, a link or a mention of who has no @name. */
function html(envelope: Envelope): string {
  const [first = "", ...rest] = parts(envelope).map((part) =>
    part.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  );
  return [chatOf(envelope, "Telegram").title === undefined ? first : `<b>${first}</b>`, ...rest].join("\n");
}

function refusal(answer: Answer): FailedReceipt {
  const body = parseObject(answer.body);
  const parameters = fieldsOf(body.parameters);
  const said = text(body, "description") ?? "";
  const moved = typeof parameters.migrate_to_chat_id === "number" ? parameters.migrate_to_chat_id : null;
  const outcome = outcomeOf(answer.status, said, moved !== null);
  return {
    outcome,
    code: typeof body.error_code === "number" ? `telegram_${answer.status}` : `http_${answer.status}`,
    reason: excerpt(moved === null ? said : `The group is the chat ${moved} now.`, `Telegram answered ${answer.status}.`),
    ...(outcome === "throttled" ? waitOf(parameters.retry_after) : {}),
  };
}

/** Telegram takes no idempotency key and promises nothing of a 5xx: the message may be out. */
function outcomeOf(status: number, said: string, hasMoved: boolean): FailedReceipt["outcome"] {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500 || (status >= 200 && status < 300)) return "unknown";
  if (status === 403 || hasMoved) return "recipient_invalid";
  if (status === 400) return /chat not found|user not found|PEER_ID_INVALID/i.test(said) ? "recipient_invalid" : "permanent";
  return status === 413 ? "permanent" : "misconfigured";
}
