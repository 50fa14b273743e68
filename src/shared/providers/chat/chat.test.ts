/** The chat apps by the suite that all providers share, and by how their messages look. */
import { describe, expect, test } from "vitest";
import type { Envelope } from "../../core/message.ts";
import { answer, CONTEXT, describeProvider } from "../../testing/describe-provider.ts";
import { textsByPlace } from "../../testing/places.ts";
import errors from "../../testing/specs/chat-errors.json";
import type { Account, HttpProvider } from "../provider.ts";
import { contentRefusal } from "../supports.ts";
import { discord } from "./discord.ts";
import { slack, slackWebhook } from "./slack.ts";
import { teams } from "./teams.ts";
import { telegram } from "./telegram.ts";

const bot = { bot_token: "xoxb-1234567890-the-token" };
const slackHook = { webhook_url: "https://hooks.slack.com/services/T0000/B0000/the-secret-of-slack" };
const discordHook = { webhook_url: "https://discord.com/api/webhooks/123456789012345678/the-secret-of-discord" };
const teamsHook = {
  webhook_url:
    "https://prod-01.westeurope.logic.azure.com:443/workflows/0123/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=the-secret-of-teams",
};
const telegramBot = { bot_token: "123456789:AAF-the-secret-of-the-bot-in-telegram" };
const toOps = { destination: "ops-alerts" };

const said = (error: string, status = 200) => answer(status, { ok: false, error });
const parsed = (sent: { body: string }) => JSON.parse(sent.body) as Record<string, unknown>;
const places = (sent: { body: string }) => textsByPlace(JSON.parse(sent.body));
const unescapedHtml = (text: unknown) => String(text).replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const unescapedMarkdown = (text: unknown) => String(text).replaceAll(/\\([\\[<])/g, "$1");

const slackRows = {
  rate: "429 | ok:false ratelimited",
  gone: "404 no_service|no_team | 410 channel_is_archived | channel_not_found|is_archived|not_in_channel",
  config: "403 action_prohibited|invalid_token|account_inactive|token_revoked|invalid_auth|missing_scope",
  permanent: "400 invalid_payload|no_text|too_many_attachments|invalid_blocks|msg_too_long",
  unknown: "500 rollup_error|fatal_error|internal_error|service_unavailable",
};

describeProvider({
  provider: slack,
  channel: "chat",
  account: { credentials: bot, settings: {} },
  open: [],
  origin: "https://slack.com",
  fields: places,
  isLine: (place) => place !== ".text",
  attemptIdOf: (sent) => (parsed(sent).metadata as { event_payload: { attempt_id: string } }).event_payload.attempt_id,
  textsOf: (sent) => [unescapedHtml(parsed(sent).text)],
  success: answer(200, { ok: true, channel: "C0123456", ts: "1795176000.000100" }),
  table: errors.slack,
  answers: {
    [slackRows.rate]: [answer(429, "", { "retry-after": "30" }), said("ratelimited"), said("ratelimited", 429)],
    [slackRows.gone]: [said("channel_not_found"), said("is_archived"), said("not_in_channel")],
    [slackRows.config]: [
      "action_prohibited",
      "invalid_token",
      "account_inactive",
      "token_revoked",
      "invalid_auth",
      "missing_scope",
    ].map((word) => said(word)),
    [slackRows.permanent]: ["no_text", "too_many_attachments", "invalid_blocks", "msg_too_long", "something_new"].map((word) =>
      said(word),
    ),
    [slackRows.unknown]: [said("fatal_error"), said("internal_error", 500), said("service_unavailable", 503), answer(500, "")],
  },
  elsewhere: {},
  refuses: ["ops-alerts", "-1001234", "@name", "#", "C123!", "U012345\n"],
});

describeProvider({
  provider: slackWebhook,
  channel: "chat",
  to: "ops-alerts",
  account: { credentials: slackHook, settings: toOps },
  open: [],
  inUrl: ["webhook_url"],
  origin: "https://hooks.slack.com",
  fields: places,
  isLine: (place) => place !== ".text",
  attemptIdOf: null,
  textsOf: (sent) => [unescapedHtml(parsed(sent).text)],
  success: answer(200, "ok"),
  table: errors.slack,
  answers: {
    [slackRows.rate]: [answer(429, "", { "retry-after": "30" }), answer(429, "rate_limited")],
    [slackRows.gone]: [
      answer(404, "no_service"),
      answer(404, "no_team"),
      answer(404, "channel_not_found"),
      answer(410, "channel_is_archived"),
    ],
    [slackRows.config]: [answer(403, "action_prohibited"), answer(403, "invalid_token"), answer(403, "")],
    [slackRows.permanent]: ["invalid_payload", "no_text", "too_many_attachments"].map((word) => answer(400, word)),
    [slackRows.unknown]: [answer(500, "rollup_error"), answer(503, "")],
  },
  elsewhere: {},
  // A webhook has one channel: where that is gone, the connection is.
  otherwise: { [slackRows.gone]: "misconfigured" },
  refuses: ["C0123456", "ops", "#ops-alerts"],
});

describeProvider({
  provider: discord,
  channel: "chat",
  to: "ops-alerts",
  account: { credentials: discordHook, settings: toOps },
  open: [],
  inUrl: ["webhook_url"],
  origin: "https://discord.com",
  fields: places,
  isLine: (place) => place !== ".content",
  attemptIdOf: null,
  textsOf: (sent) => [unescapedMarkdown(parsed(sent).content)],
  success: answer(200, { id: "1234567890123456789", channel_id: "1" }),
  table: errors.discord,
  answers: {
    "429": [answer(429, { message: "You are being rate limited.", retry_after: 0.65, global: false }), answer(429, "")],
    "404 code 10015 unknown webhook|10003": [
      answer(404, { message: "Unknown Webhook", code: 10015 }),
      answer(404, { code: 10003 }),
    ],
    "401|403 50013|50001": [answer(401, { code: 50027 }), answer(403, { code: 50013 }), answer(403, { code: 50001 })],
    "400 50035|50006": [answer(400, { message: "Invalid Form Body", code: 50035 }), answer(400, { code: 50006 })],
    "5xx": [500, 502, 503].map((status) => answer(status, "")),
  },
  elsewhere: {},
  // The webhook is the connection's own, and no recipient.
  otherwise: { "404 code 10015 unknown webhook|10003": "misconfigured" },
  refuses: ["general"],
});

describeProvider({
  provider: teams,
  channel: "chat",
  to: "ops-alerts",
  account: { credentials: teamsHook, settings: toOps },
  open: [],
  inUrl: ["webhook_url"],
  origin: "https://prod-01.westeurope.logic.azure.com",
  fields: places,
  isLine: (place) => !place.endsWith(".text"),
  attemptIdOf: null,
  textsOf: (sent) => {
    const [attachment] = parsed(sent).attachments as { content: { body: { text: string }[] } }[];
    return attachment?.content.body.map(({ text }) => unescapedMarkdown(text)) ?? [];
  },
  success: answer(202, ""),
  takenBy: [200, 202],
  table: errors.teams_workflow,
  answers: {
    "202|200": [answer(202, ""), answer(200, "")],
    "400|413": [answer(400, { error: { code: "TriggerInputSchemaMismatch", message: "no" } }), answer(413, "")],
    "401|403|404|410": [401, 403, 404, 410].map((status) =>
      answer(status, { error: { code: "DirectApiAuthorizationRequired" } }),
    ),
    "429": [answer(429, "", { "retry-after": "5" })],
    "5xx": [500, 502, 503].map((status) => answer(status, "")),
  },
  elsewhere: {},
  refuses: ["general"],
});

const telegramSaid = (status: number, description: string, parameters?: object) =>
  answer(status, { ok: false, error_code: status, description, ...(parameters && { parameters }) });

describeProvider({
  provider: telegram,
  channel: "chat",
  to: "-1001234567890",
  account: { credentials: telegramBot, settings: {} },
  open: [],
  inUrl: ["bot_token"],
  origin: "https://api.telegram.org",
  fields: places,
  isLine: (place) => place !== ".text",
  attemptIdOf: null,
  textsOf: (sent) => [unescapedHtml(parsed(sent).text)],
  success: answer(200, { ok: true, result: { message_id: 42, chat: { id: -1001234567890 } } }),
  table: errors.telegram,
  answers: {
    "429": [telegramSaid(429, "Too Many Requests: retry after 7", { retry_after: 7 }), answer(429, "")],
    "403 bot was blocked|user is deactivated|bot was kicked": [
      telegramSaid(403, "Forbidden: bot was blocked by the user"),
      telegramSaid(403, "Forbidden: user is deactivated"),
      telegramSaid(403, "Forbidden: bot was kicked from the group chat"),
    ],
    "400 chat not found": [telegramSaid(400, "Bad Request: chat not found")],
    "400 with parameters.migrate_to_chat_id": [
      telegramSaid(400, "Bad Request: group chat was upgraded", { migrate_to_chat_id: -100 }),
    ],
    "400 other": [telegramSaid(400, "Bad Request: message is too long"), answer(400, "")],
    "401|404": [telegramSaid(401, "Unauthorized"), telegramSaid(404, "Not Found")],
    "5xx": [500, 502, 504].map((status) => answer(status, "")),
  },
  elsewhere: {},
  // Trying again goes to the old id again: the address is no good any more, and the reason says which is.
  otherwise: { "400 with parameters.migrate_to_chat_id": "recipient_invalid" },
  refuses: ["ops-alerts", "C0123456", "@x", "-0", "12345678901234567", "1.5"],
});

const base = { attemptId: "att_1", messageId: "msg_1", tags: [], channel: "chat" } as const;
type Known = readonly [provider: HttpProvider, account: Pick<Account, "credentials" | "settings">, to: string];
const alert = {
  title: "Disk <full> & *bold*",
  text: "*db-1* is at 97 %\n<!channel> @here <@U1> [click](https://evil.example) \\[x](https://evil.example) & more",
  url: "https://acme.example/a?b=1&c=|x>y<z",
};

const accounts: readonly Known[] = [
  [slack, { credentials: bot, settings: {} }, "C0123456"],
  [slackWebhook, { credentials: slackHook, settings: toOps }, "ops-alerts"],
  [discord, { credentials: discordHook, settings: toOps }, "ops-alerts"],
  [teams, { credentials: teamsHook, settings: toOps }, "ops-alerts"],
  [telegram, { credentials: telegramBot, settings: {} }, "1234"],
];

async function sent(provider: HttpProvider, content: { text: string; title?: string; url?: string }) {
  const found = accounts.find(([one]) => one === provider);
  if (found === undefined) throw new Error("no account");
  const request = await provider.encode({ ...base, to: found[2], ...content }, { connectionId: "con_1", ...found[1] }, CONTEXT);
  return { url: request.url, body: JSON.parse(new TextDecoder().decode(await request.arrayBuffer())) };
}

describe("a message with a title and a link looks right, and calls nobody", () => {
  const LINK = "https://acme.example/a?b=1&c=%7Cx%3Ey%3Cz";

  test("at Slack", async () => {
    const text = [
      "*Disk &lt;full&gt; &amp; *bold**",
      "*db-1* is at 97 %",
      "&lt;!channel&gt; @here &lt;@U1&gt; [click](https://evil.example) \\[x](https://evil.example) &amp; more",
      `<${LINK.replaceAll("&", "&amp;")}>`,
    ].join("\n");
    const quiet = { unfurl_links: false, unfurl_media: false };
    expect((await sent(slackWebhook, alert)).body).toEqual({ text, ...quiet });
    expect(await sent(slack, alert)).toEqual({
      url: "https://slack.com/api/chat.postMessage",
      body: {
        channel: "C0123456",
        text,
        ...quiet,
        parse: "none",
        link_names: false,
        metadata: { event_type: "carillon_message", event_payload: { attempt_id: "att_1", message_id: "msg_1" } },
      },
    });
  });

  test("at Discord", async () => {
    expect(await sent(discord, alert)).toEqual({
      url: `${discordHook.webhook_url}?wait=true`,
      body: {
        content: [
          "**Disk \\<full> & *bold***",
          "*db-1* is at 97 %",
          "\\<!channel> @here \\<@U1> \\[click](https://evil.example) \\\\\\[x](https://evil.example) & more",
          `<${LINK}>`,
        ].join("\n"),
        allowed_mentions: { parse: [] },
      },
    });
  });

  test("at Teams", async () => {
    const { url, body } = await sent(teams, alert);
    expect(url).toBe(teamsHook.webhook_url.replace(":443", ""));
    expect(body).toEqual({
      type: "message",
      attachments: [
        {
          contentType: "application/vnd.microsoft.card.adaptive",
          contentUrl: null,
          content: {
            $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
            type: "AdaptiveCard",
            version: "1.4",
            body: [
              { type: "TextBlock", text: alert.title, weight: "Bolder", size: "Medium", wrap: true },
              {
                type: "TextBlock",
                text: "*db-1* is at 97 %\n\n<!channel> @here <@U1> \\[click](https://evil.example) \\\\\\[x](https://evil.example) & more",
                wrap: true,
              },
            ],
            actions: [{ type: "Action.OpenUrl", title: "acme.example", url: LINK }],
            msteams: { width: "Full" },
          },
        },
      ],
    });
  });

  test("at Telegram", async () => {
    expect(await sent(telegram, alert)).toEqual({
      url: `https://api.telegram.org/bot${telegramBot.bot_token}/sendMessage`,
      body: {
        chat_id: "1234",
        text: [
          "<b>Disk &lt;full&gt; &amp; *bold*</b>",
          "*db-1* is at 97 %",
          "&lt;!channel&gt; @here &lt;@U1&gt; [click](https://evil.example) \\[x](https://evil.example) &amp; more",
          LINK.replaceAll("&", "&amp;"),
        ].join("\n"),
        parse_mode: "HTML",
        link_preview_options: { is_disabled: true },
      },
    });
  });

  test.each(accounts)("and no link that is not of the web: $0.id", async (provider) => {
    for (const url of ["javascript:alert(1)", "slack://x", "not a url", "data:text/html,x"]) {
      expect((await sent(provider, { text: "x", url })).body).toEqual((await sent(provider, { text: "x" })).body);
    }
  });
});

describe("a text that is too long", () => {
  const most: Record<string, number> = { slack: 40_000, slack_webhook: 40_000, discord: 2000, telegram: 4096, teams: 27_000 };
  const code = ([provider, account, to]: Known, text: string) =>
    contentRefusal(provider, { ...base, to, text } as Envelope, { connectionId: "con_1", ...account })?.code ?? null;

  test.each(accounts)("is refused before it is sent, and never split: $0.id", (...it) => {
    const length = most[it[0].id] ?? 0;
    expect(code(it, "x".repeat(length))).toBeNull();
    expect(code(it, "x".repeat(length + 1001))).toBe("too_long");
  });

  test("is counted as it goes out, or as it is read", () => {
    const of = (provider: HttpProvider, text: string) => accounts.filter(([one]) => one === provider).map((it) => code(it, text));
    expect(of(discord, "[".repeat(1001))).toEqual(["too_long"]);
    expect(of(telegram, "<".repeat(4096))).toEqual([null]);
  });
});

describe("what the apps say", () => {
  test("keeps the time that a limit asks for, also parts of a second, from the body", () => {
    const wait = (provider: HttpProvider, given: Parameters<HttpProvider["decode"]>[0]) => provider.decode(given);
    expect(wait(slack, answer(429, "", { "retry-after": "30" }))).toMatchObject({ retryAfterMs: 30_000 });
    expect(wait(discord, answer(429, { retry_after: 0.65 }))).toMatchObject({ retryAfterMs: 650 });
    expect(wait(telegram, telegramSaid(429, "Too Many Requests", { retry_after: 7 }))).toMatchObject({ retryAfterMs: 7000 });
    expect(wait(teams, answer(429, "", { "retry-after": "5" }))).toMatchObject({ retryAfterMs: 5000 });
  });

  test("names the new id of a group that has moved", () => {
    const moved = telegramSaid(400, "Bad Request: group chat was upgraded", { migrate_to_chat_id: -1009876 });
    expect(telegram.decode(moved)).toMatchObject({ reason: "The group is the chat -1009876 now." });
  });

  test("of a probe: who posts, or why nobody can", () => {
    expect(slack.probe.decode(answer(200, { ok: true, team: "Acme", user: "carillon" }))).toEqual({
      ok: true,
      detail: "Posts as carillon in Acme.",
    });
    expect(slack.probe.decode(said("invalid_auth"))).toMatchObject({ ok: false, code: "invalid_auth" });
    expect(slackWebhook.probe.decode(answer(400, "no_text"))).toMatchObject({ ok: true });
    expect(slackWebhook.probe.decode(answer(403, "invalid_token"))).toMatchObject({ ok: false, code: "invalid_token" });
    expect(discord.probe.decode(answer(200, { id: "1", name: "Ops" }))).toMatchObject({ ok: true });
    expect(discord.probe.decode(answer(404, { code: 10015, message: "Unknown Webhook" }))).toMatchObject({
      ok: false,
      code: "10015",
    });
    expect(telegram.probe.decode(answer(200, { ok: true, result: { username: "acme_bot" } }))).toMatchObject({ ok: true });
    expect(teams.probe.decode(answer(405, ""))).toMatchObject({ ok: false, code: "cannot_verify" });
  });
});

test("a webhook's URL is of the app, so that it leads nowhere else", () => {
  const takes = (provider: HttpProvider, webhook_url: string) => provider.credentials.safeParse({ webhook_url }).success;
  expect(
    takes(teams, "https://default0123.45.environment.api.powerplatform.com:443/powerautomate/automations/direct/x?sig=y"),
  ).toBe(true);
  for (const provider of [slackWebhook, discord, teams]) {
    for (const url of [
      "http://hooks.slack.com/services/T/B/x",
      "https://hooks.slack.com.evil.example/services/T/B/x",
      "https://evil.example/https://discord.com/api/webhooks/123456/abcdefghijk",
      "https://discord.com@evil.example/api/webhooks/123456/abcdefghijk",
      "https://evil.example/x.logic.azure.com/workflows/1",
      "https://logic.azure.com.evil.example/workflows/1",
      "https://169.254.169.254/services/T/B/x",
    ]) {
      expect(takes(provider, url), url).toBe(false);
    }
  }
});
