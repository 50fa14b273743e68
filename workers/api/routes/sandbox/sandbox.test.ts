import { beforeAll, describe, expect, it } from "vitest";
import { caughtOfEnvelope, dbShardOfCaught } from "../../../../src/shared/core/caught.ts";
import type { Envelope } from "../../../../src/shared/core/message.ts";
import { commit } from "../../../../src/shared/db/commit.ts";
import { catcherOf, insertCaught, KEPT, pruneCaught } from "../../../../src/shared/db/messages/sandbox.ts";
import { eventually, makeWorld, type World } from "../../../../src/shared/testing/world.ts";

interface Caught {
  id: string;
  message_id: string;
  channel: string;
  destination: string;
  envelope: Record<string, unknown>;
}

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

const all = {
  email: { subject: "Hello {{ name }}", html: "<p>Hi {{ name }}</p>", text: "Hi {{ name }}" },
  sms: { text: "Hi {{ name }}" },
  push: { title: "Hi", body: "{{ name }}", url: "https://a.example", data: { k: "v" } },
  whatsapp: { text: "WA {{ name }}" },
  inapp: { title: "In", body: "app" },
  chat: { text: "Chat" },
};
const to = [
  { channel: "email", destination: "ada@example.com" },
  { channel: "sms", destination: "+447700900123" },
  { channel: "push", destination: "device-1" },
  { channel: "whatsapp", destination: "+447700900124" },
  { channel: "inapp", destination: "u-1" },
  { channel: "chat", destination: "room-1" },
];

async function send(w: World, body: object): Promise<string[]> {
  const response = await w.call("POST", "/v1/send", { key: w.testKey, body });
  expect(response.status).toBe(202);
  return ((await response.json()) as { message_ids: string[] }).message_ids;
}
async function list(w: World, query = ""): Promise<{ data: Caught[]; next_cursor: string | null }> {
  const response = await w.call("GET", `/v1/sandbox/messages?${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as { data: Caught[]; next_cursor: string | null };
}

describe("the catcher", () => {
  it("keeps what every channel would have sent, rendered, newest first, on pages", async () => {
    const ids = await send(world, { to, content: all, variables: { name: "Ada" } });
    const { data } = await eventually(async () => {
      const page = await list(world);
      return page.data.length === 6 && page;
    });
    const of = (channel: string) => data.find((c) => c.channel === channel);
    expect(of("email")?.envelope).toMatchObject({ subject: "Hello Ada", html: "<p>Hi Ada</p>", text: "Hi Ada", attachments: [] });
    expect(of("sms")).toMatchObject({
      destination: "+447700900123",
      envelope: { text: "Hi Ada", encoding: "GSM-7", segments: 1, units: 6 },
    });
    expect(of("push")?.envelope).toMatchObject({ title: "Hi", body: "Ada", url: "https://a.example", data: { k: "v" } });
    expect(of("inapp")?.envelope).toMatchObject({ title: "In", body: "app" });
    expect(data.map((c) => c.message_id).sort()).toEqual([...ids].sort());
    expect(data.map((c) => c.id)).toEqual(
      data
        .map((c) => c.id)
        .sort()
        .reverse(),
    );

    const one = of("sms") as Caught;
    expect(await (await world.call("GET", `/v1/sandbox/messages/${one.id}`)).json()).toEqual(one);
    expect((await list(world, "channel=sms")).data).toEqual([one]);
    expect((await list(world, `message_id=${one.message_id}`)).data).toEqual([one]);
    expect((await list(world, "destination=u-1")).data).toEqual([of("inapp")]);
    const first = await list(world, "limit=4");
    const rest = await list(world, `limit=4&cursor=${first.next_cursor}`);
    expect([...first.data, ...rest.data]).toEqual(data);
    expect(rest.next_cursor).toBe(null);
  });

  it("shows nothing of another tenant", async () => {
    const w = await makeWorld();
    const [id = ""] = await send(w, { to: to.slice(0, 1), content: all, variables: { name: "Ada" } });
    const [mine] = await eventually(async () => {
      const { data } = await list(w);
      return data.length > 0 && data;
    });
    expect(mine?.message_id).toBe(id);
    const other = await makeWorld();
    expect((await list(other)).data).toEqual([]);
    expect((await other.call("GET", `/v1/sandbox/messages/${mine?.id}`)).status).toBe(404);
    expect((await other.call("GET", "/v1/sandbox/messages/cau_no")).status).toBe(404);
  });

  it("keeps none of a sensitive message's content", async () => {
    const w = await makeWorld();
    await send(w, { to: to.slice(0, 2), content: all, variables: { name: "Ada" }, sensitive: true });
    const { data } = await eventually(async () => {
      const page = await list(w);
      return page.data.length === 2 && page;
    });
    expect(JSON.stringify(data)).not.toContain("Ada");
    for (const caught of data) expect(Object.keys(caught.envelope).sort()).toEqual(["channel", "sensitive", "tags", "to"]);
  });
});

describe("what is kept", () => {
  const scope = { tenantId: "ten_kept", projectId: "prj_kept" };
  const envelope = (n: number, html: string): Envelope => ({
    channel: "email",
    attemptId: `att_01M7WY3MN${String(n).padStart(17, "0")}0001`,
    messageId: `msg_01M7WY3MN${String(n).padStart(17, "0")}`,
    to: "a@b.example",
    tags: [],
    subject: "S",
    html,
    attachments: [{ filename: "a.pdf", contentType: "application/pdf", contentBase64: btoa("12345") }],
  });
  const caught = (n: number, html = "x") =>
    caughtOfEnvelope(envelope(n, html), { ...scope, sensitive: false, at: 1_700_000_000_000 + n });
  const db = () => world.deps.shards[0] as D1Database;

  it("is an attachment's name, type and size, not its bytes", () => {
    expect(caught(1).envelope.attachments).toEqual([{ filename: "a.pdf", content_type: "application/pdf", size_bytes: 5 }]);
  });

  it("is one row an attempt, found by an id that names its database", async () => {
    const one = caught(7);
    await commit(db(), [insertCaught(db(), scope.tenantId, [one]), insertCaught(db(), scope.tenantId, [one])]);
    expect(await catcherOf(db(), scope).get(one.id)).toEqual(one);
    expect(dbShardOfCaught(one.id)).toBe(0);
  });

  it("is no more than the newest of a tenant", async () => {
    const rows = Array.from({ length: KEPT + 20 }, (_, i) => caught(i));
    await commit(db(), [insertCaught(db(), scope.tenantId, rows), pruneCaught(db(), scope.tenantId)]);
    const kept = await catcherOf(db(), scope).list({}, null, 5000);
    expect(kept.rows.map((r) => r.id)).toEqual(
      rows
        .slice(20)
        .map((r) => r.id)
        .reverse(),
    );
  });

  it("is cut short where a pack of large messages would not fit one statement", async () => {
    const large = { ...scope, tenantId: "ten_large" };
    const rows = Array.from({ length: 50 }, (_, i) => ({ ...caught(i, "y".repeat(190_000)), tenantId: "ten_large" }));
    await commit(db(), [insertCaught(db(), "ten_large", rows)]);
    const kept = await catcherOf(db(), large).list({}, null, 100);
    expect(kept.rows).toHaveLength(50);
    expect(kept.rows.at(-1)?.envelope.html).toHaveLength(190_000);
    expect(kept.rows[0]?.envelope.html).toHaveLength(4_001);
  });
});

describe("the page", () => {
  it("needs no key, runs one script that its policy names, and loads nothing from elsewhere", async () => {
    const response = await world.call("GET", "/sandbox", { key: null });
    const page = await response.text();
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const scripts = [...page.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)];
    expect(scripts.map((s) => s[1])).toEqual([""]);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(scripts[0]?.[2]));
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain(`script-src 'sha256-${new Uint8Array(digest).toBase64()}'`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect([...page.matchAll(/(?:src|href|action)="(?!#|data:)[^"]*"/g)]).toEqual([]);
    const again = await world.call("GET", "/sandbox", {
      key: null,
      headers: { "if-none-match": response.headers.get("etag") ?? "" },
    });
    expect(again.status).toBe(304);
  });
});
