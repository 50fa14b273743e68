/** A double of Slack's Web API: checks the bot's token and the message, and answers errors with 200 as Slack does. */
import { type Call, type Double, type Reply, startDouble, type Verdict } from "./double.ts";

export interface SlackMessage {
  readonly ts: string;
  readonly text: string;
  /** From the metadata. */
  readonly attemptId: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A word of `error`, with 200, but for a limit. */
export type SlackFailure = "channel_not_found" | "is_archived" | "invalid_auth" | "ratelimited" | "fatal_error" | Reply;
export type SlackDouble = Double<SlackMessage, SlackFailure>;

export function startSlackMock(options: { readonly botToken: string; readonly port?: number }): Promise<SlackDouble> {
  let count = 0;
  return startDouble<SlackMessage, SlackFailure>(
    {
      judge: async (call) => judge(call, options.botToken, () => `1795176000.${String(++count).padStart(6, "0")}`),
      failure: (failure) => (typeof failure === "string" ? said(failure) : failure),
    },
    options.port,
  );
}

const FIELDS = /^(channel|text|blocks|thread_ts|mrkdwn|parse|link_names|unfurl_links|unfurl_media|metadata|username|icon_emoji)$/;

function judge(call: Call, botToken: string, nextTs: () => string): Verdict<SlackMessage> {
  const refused = (error: string, why = error): Verdict<SlackMessage> => ({ kind: "refused", why, reply: said(error) });
  if (call.headers.authorization !== `Bearer ${botToken}`) return refused("invalid_auth");
  const operation = `${call.method} ${call.url.pathname}`;
  if (operation === "POST /api/auth.test") {
    return { kind: "other", reply: { status: 200, body: { ok: true, team: "Acme", user: "carillon", bot_id: "B1" } } };
  }
  if (operation !== "POST /api/chat.postMessage") return refused("unknown_method", operation);
  if (!String(call.headers["content-type"]).startsWith("application/json")) return refused("invalid_post_type");
  const body = parsed(call.body);
  if (body === null) return refused("invalid_json");
  const odd = Object.keys(body).filter((name) => !FIELDS.test(name));
  const { channel, text, metadata } = body;
  if (odd.length > 0) return refused("invalid_arguments", `there is no ${odd.join(", ")}`);
  if (typeof channel !== "string" || channel === "") return refused("channel_not_found");
  if (typeof text !== "string" || text === "") return refused("no_text");
  if (text.length > 40_000) return refused("msg_too_long");
  if (/<!(channel|here|everyone)/.test(text) || body.link_names === true)
    return refused("invalid_arguments", "it calls everyone");
  const ts = nextTs();
  const payload = (metadata as { event_payload?: { attempt_id?: string } } | undefined)?.event_payload;
  return {
    kind: "message",
    to: channel,
    message: { ts, text, attemptId: payload?.attempt_id ?? null, body },
    reply: { status: 200, body: { ok: true, channel, ts, message: { text, ts, type: "message" } } },
  };
}

function said(error: string): Reply {
  const body = { ok: false, error };
  return error === "ratelimited" ? { status: 429, headers: { "retry-after": "1" }, body } : { status: 200, body };
}

function parsed(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // said as such
  }
}
