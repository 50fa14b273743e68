import { expect, test } from "vitest";
import type { Signal } from "../../src/shared/contract/jobs.ts";
import { mintMessageIds } from "../../src/shared/core/ids.ts";
import type { Envelope } from "../../src/shared/core/message.ts";
import { linksOf } from "../../src/shared/core/tracking.ts";
import { eventually, makeWorld, testDeps } from "../../src/shared/testing/world.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import { tracked } from "../../src/shared/verbs/track.ts";
import { door } from "./door.ts";

const TARGET = "https://shop.example/order?id=1&x=%20a#top";
const PERSON = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" };

async function mail() {
  const signals: Signal[] = [];
  const base = testDeps();
  const deps: Deps = { ...base, ringer: { ...base.ringer, signal: async (_t, _s, list) => void signals.push(...list) } };
  const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
  const messageId = mintMessageIds({ at: 0, sequence: 0 }, 1, { now: Date.now() - 60_000, dbShard: 1, gateShard: 0, random });
  const place = { tenantId: "ten_01M7WXHTZH0000004NNR5APDB9", messageId, delivery: 0 };
  const html = `<p><a href="${TARGET.replaceAll("&", "&amp;")}">Order</a></p>`;
  const plain = {
    channel: "email",
    html,
    subject: "Hi",
    to: "a@b.example",
    attachments: [],
    attemptId: "a",
    messageId,
    tags: [],
  };
  const envelope = (await tracked(deps, place, plain as unknown as Envelope, { opens: true, clicks: true })) as { html: string };
  const [link = ""] = linksOf(envelope.html);
  const pixel = /<img src="([^"]+)"/.exec(envelope.html)?.[1] ?? "";
  const visit = (url: string, init: RequestInit = { headers: PERSON }) =>
    door(deps, new Request(url, { redirect: "manual", ...init }));
  return { visit, signals, link, pixel, messageId, deps };
}

test("a click leads where the link was made for, and is recorded with it", async () => {
  const { visit, signals, link, messageId } = await mail();
  const answer = await visit(link);
  expect([answer.status, answer.headers.get("location")]).toEqual([302, TARGET]);
  await eventually(async () => signals.length === 1);
  expect(signals[0]).toMatchObject({ message_id: messageId, type: "clicked", delivery: 0, reason: TARGET });
});

test("a link that was changed leads nowhere: not to another target, another message, or by a pixel's signature", async () => {
  const { visit, signals, link, pixel } = await mail();
  const other = await mail();
  const token = (url: string) => new URL(url).pathname.split("/")[3] ?? "";
  for (const url of [
    link.replace(/u=.*/, `u=${encodeURIComponent("https://evil.example/")}`),
    link.replace(/\?u=.*/, ""),
    link.replace(token(link), token(pixel).replace(".gif", "")),
    link.replace(token(link).slice(26, 54), token(other.link).slice(26, 54)),
    "https://carillon.test/t/c/x?u=https://evil.example/",
  ]) {
    const answer = await visit(url);
    expect([answer.status, answer.headers.get("location")], url).toEqual([404, null]);
  }
  expect(signals).toEqual([]);
});

test("a link outlives the secret that signed it, as long as that one is named among the former", async () => {
  const { link, deps } = await mail();
  const visit = (over: Partial<Deps>) => door({ ...deps, ...over }, new Request(link, { redirect: "manual", headers: PERSON }));
  const linkSecret = "another-secret-that-took-the-place-of-it";
  expect((await visit({ linkSecret, formerLinkSecrets: [] })).status).toBe(404);
  expect((await visit({ linkSecret, formerLinkSecrets: [deps.linkSecret] })).status).toBe(302);
});

test("a pixel is a picture whatever comes, and an open only where its token is good; two loads at once are one", async () => {
  const { visit, signals, pixel } = await mail();
  const bad = await visit("https://carillon.test/t/o/rubbish.gif");
  expect([bad.status, bad.headers.get("content-type")]).toEqual([200, "image/gif"]);
  const [one, two] = await Promise.all([visit(pixel), visit(pixel)]);
  expect([one.status, two.headers.get("cache-control")]).toEqual([200, "no-store, private"]);
  await eventually(async () => signals.length === 2);
  expect(signals.map((s) => s.type)).toEqual(["opened", "opened"]);
  expect(new Set(signals.map((s) => s.key)).size).toBeLessThanOrEqual(2);
});

test("machines are led on, and not counted", async () => {
  const { visit, signals, link } = await mail();
  expect((await visit(link, { method: "HEAD", headers: PERSON })).status).toBe(302);
  expect((await visit(link, { headers: { "user-agent": "Mimecast URL Scanner" } })).status).toBe(302);
  expect((await visit(link, { headers: { ...PERSON, "sec-purpose": "prefetch" } })).status).toBe(302);
  expect(signals).toEqual([]);
  expect((await visit(link, { method: "POST", headers: PERSON })).status).toBe(405);
});

test("a mail is tracked where its project or its send asks, and the catcher shows what was sent", async () => {
  const w = await makeWorld();
  const send = async (over: object) => {
    const body = {
      to: [{ channel: "email", destination: "ada@example.com" }],
      content: { email: { subject: "Hi", html: '<a href="https://a.example">x</a>' } },
      ...over,
    };
    const { message_ids } = (await (await w.call("POST", "/v1/send", { body })).json()) as { message_ids: string[] };
    return eventually(async () => {
      const list = (await (await w.call("GET", "/v1/sandbox/messages")).json()) as { data: { id: string; message_id: string }[] };
      const found = list.data.find((m) => m.message_id === message_ids[0]);
      return found === undefined
        ? undefined
        : JSON.stringify(await (await w.call("GET", `/v1/sandbox/messages/${found.id}`)).json());
    });
  };
  expect(await send({})).not.toContain("/t/");
  expect(await send({ tracking: { clicks: true } })).toContain("/t/c/");
  const settings = { tracking: { opens: true, clicks: false } };
  expect((await w.call("PATCH", `/v1/projects/${w.projectId}`, { body: { settings } })).status).toBe(200);
  const both = await send({});
  expect(both).toContain("/t/o/");
  expect(both).not.toContain("/t/c/");
  expect(await send({ tracking: { opens: false } })).not.toContain("/t/");
});
