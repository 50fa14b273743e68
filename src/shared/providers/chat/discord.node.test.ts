/** Discord's OpenAPI document as judge of what we send. */
import { describe, expect, test } from "vitest";
import { rateLimitFlaws, webhookFlaws } from "../../testing/discord-spec.ts";
import { discord } from "./discord.ts";

const account = {
  connectionId: "con_1",
  credentials: { webhook_url: "https://discord.com/api/webhooks/123456789012345678/the-secret-of-discord" },
  settings: { destination: "ops" },
};
const context = { now: 0, callbackUrl: null, idempotencyKey: "k", session: null };
const base = { attemptId: "att_1", messageId: "msg_1", to: "ops", tags: [], channel: "chat" } as const;

describe("discord, judged by its own document", () => {
  test.each([{ text: "x" }, { text: "x".repeat(2000) }, { text: "@everyone", title: "T", url: "https://acme.example" }])(
    "sends what it takes: %j",
    async (content) => {
      const request = await discord.encode({ ...base, ...content }, account, context);
      expect(webhookFlaws(JSON.parse(await request.text()))).toEqual([]);
    },
  );

  test("is judged by a document that finds flaws", () => {
    expect(webhookFlaws({ content: "x".repeat(2001) })).toHaveLength(1);
    expect(webhookFlaws({ text: "x" })).toEqual(["/text: there is no such field"]);
    expect(webhookFlaws({ content: "x", allowed_mentions: { parse: ["nobody"] } })).not.toEqual([]);
    expect(rateLimitFlaws({ message: "m", code: 0, retry_after: 0.65, global: false })).toEqual([]);
  });
});
