import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { RETRY_STEPS_MS } from "../core/callback.ts";
import { customers, ok, says, silence, told } from "../testing/customers.ts";
import { SHARD, shardOf, submission } from "../testing/stage.ts";
import { callbacksFor } from "./call-back.ts";
import { cancelMessage } from "./cancel-message.ts";
import { plan } from "./plan.ts";
import { claimCallbacks } from "./post-callbacks.ts";
import { record } from "./record.ts";
import { sweep } from "./sweep.ts";
import { tellNotices } from "./tell-notices.ts";

const delivered = (message_id: string, key = "delivered:1") => ({
  message_id,
  key,
  type: "delivered" as const,
  at: Date.UTC(2026, 10, 20, 0, 0, 1),
  delivery: 0,
});

describe("what happens to a message", () => {
  it("is posted once for each event, signed so that the standardwebhooks package takes it, with what the customer knows it by", async () => {
    const s = await customers(ok);
    const { id, secret } = await s.endpoint();
    const message = await s.send({
      tags: ["orders"],
      order: { request_id: "req_1", content: { email: { subject: "Hi", text: "x" } }, metadata: { order: 17 } },
    });
    await record(s.deps, s.world.tenantId, SHARD, [delivered(message)]);
    await s.ring();
    expect(s.posts.map((post) => told(post).type).sort()).toEqual(["message.delivered", "message.queued"]);
    for (const post of s.posts) {
      expect(post.url).toBe("https://shop.example/hooks");
      expect(post.headers["content-type"]).toBe("application/json");
      const now = { ...post.headers, "webhook-timestamp": post.headers["webhook-timestamp"] ?? "" };
      expect(Math.abs(Number(now["webhook-timestamp"]) * 1000 - s.clock.now)).toBeLessThan(1000);
      expect(told(post).id).toBe(post.headers["webhook-id"]);
      expect(told(post).data).toMatchObject({
        message_id: message,
        project_id: s.world.projectId,
        mode: "live",
        channel: "email",
        recipient: "u0@example.com",
        tags: ["orders"],
        request_id: "req_1",
        metadata: { order: 17 },
      });
      expect(verified(secret, post)).toEqual(told(post));
    }
    const list = await s.deliveries(id);
    expect(list.map(({ state }) => state)).toEqual(["delivered", "delivered"]);
    expect(list[0]?.attempts).toMatchObject([{ status: 200, error: null, response: "thanks" }]);
  });

  it("makes one callback, however often it is planned and recorded, also at the same time", async () => {
    const s = await customers(ok);
    await s.endpoint();
    const one = submission(s.world);
    await Promise.all([plan(s.deps, s.world.tenantId, [one]), plan(s.deps, s.world.tenantId, [one])]);
    const signal = delivered(one.first);
    await Promise.all([1, 2, 3].map(() => record(s.deps, s.world.tenantId, SHARD, [signal, signal])));
    await s.ring(s.bells, 3);
    expect(s.posts.map((post) => told(post).type).sort()).toEqual(["message.delivered", "message.queued"]);
  });

  it("goes only to endpoints that want it, and to none of another project or tenant", async () => {
    const s = await customers(ok);
    const other = await customers(ok);
    await other.endpoint();
    await s.endpoint("https://shop.example/all");
    await s.endpoint("https://shop.example/ends", ["message.failed", "message.delivered"]);
    await s.endpoint("https://shop.example/notices", ["connection.*"]);
    const message = await s.send();
    await record(s.deps, s.world.tenantId, SHARD, [delivered(message)]);
    await s.ring();
    expect(s.posts.map((post) => `${new URL(post.url).pathname} ${told(post).type}`).sort()).toEqual([
      "/all message.delivered",
      "/all message.queued",
      "/ends message.delivered",
    ]);
    expect(other.bells).toEqual([]);
  });

  it("costs no statement where nobody listens", async () => {
    const s = await customers(ok);
    const place = { tenantId: s.world.tenantId, shard: SHARD, db: shardOf(s.deps) };
    const events = [{ type: "sent" as const, at: 1, key: "sent:0:1" }];
    const { writes } = await callbacksFor(s.deps, place, [{ messageId: "msg_1", events, mayHaveUrl: false }]);
    expect(writes).toEqual([]);
  });

  it("is told of a cancelled message once, and of one that cannot be cancelled any more not at all", async () => {
    const s = await customers(ok);
    await s.endpoint("https://shop.example/hooks", ["message.cancelled"]);
    const [first, second] = [await s.send(), await s.send()];
    const caller = { ...s.world, gateShards: 1 };
    await cancelMessage(s.deps, caller, first);
    await cancelMessage(s.deps, caller, first);
    await record(s.deps, s.world.tenantId, SHARD, [delivered(second)]);
    await expect(cancelMessage(s.deps, caller, second)).rejects.toThrow();
    await s.ring();
    expect(s.posts.map((post) => told(post).data.message_id)).toEqual([first]);
  });

  it("is told in a body that stays below 20 kB, and says what was left out", async () => {
    const s = await customers(ok);
    await s.endpoint();
    const metadata = { big: "x".repeat(30_000) };
    await s.send({ order: { request_id: "req_1", content: { email: { subject: "Hi", text: "x" } }, metadata } });
    await s.ring();
    expect(s.posts[0]?.body.length).toBeLessThan(20_000);
    expect(told(s.posts[0]).data).toMatchObject({ omitted: ["metadata"], request_id: "req_1" });
  });
});

/** The customer's own check, at the time of the post. */
function verified(secret: string, post: { readonly headers: Readonly<Record<string, string>>; readonly body: string }): unknown {
  const webhook = new Webhook(secret);
  const timestamp = new Date(Number(post.headers["webhook-timestamp"]) * 1000);
  const signature = webhook.sign(post.headers["webhook-id"] ?? "", timestamp, post.body);
  expect(post.headers["webhook-signature"]?.split(" ")).toContain(signature);
  return JSON.parse(post.body);
}

describe("a message's callback_url", () => {
  it("hears of its own messages only, signed with the project's secret", async () => {
    const s = await customers(ok);
    const rotated = await s.world.call("POST", `/v1/projects/${s.world.projectId}/callback-secret`, { body: {} });
    const { secret } = (await rotated.json()) as { secret: string };
    const content = { email: { subject: "Hi", text: "x" } };
    const message = await s.send({ order: { request_id: "req_1", content, callback_url: "https://one.example/cb?k=1" } });
    const run = submission(s.world, { order: { request_id: "req_2", content, callback_url: "https://two.example/" } }, 2);
    await plan(s.deps, s.world.tenantId, [run]);
    await s.send();
    await record(s.deps, s.world.tenantId, SHARD, [delivered(message)]);
    await s.ring();
    const seen = s.posts.map((post) => `${new URL(post.url).hostname} ${told(post).type}`).sort();
    expect(seen).toEqual([
      "one.example message.delivered",
      "one.example message.queued",
      "two.example message.queued",
      "two.example message.queued",
    ]);
    for (const post of s.posts) verified(secret, post);
    expect((await s.deliveries(s.world.projectId)).map(({ url }) => url)).toContain("https://one.example/cb?k=1");
  });
});

describe("a post that is not taken", () => {
  it("is tried again after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h, under the same id, and then given up", async () => {
    const s = await customers(() => says(500, {}, "no".repeat(1000)));
    const { id } = await s.endpoint("https://shop.example/hooks", ["message.queued"]);
    await s.send();
    const waits: number[] = [];
    for (let n = 0; n < 12; n++) {
      const due = s.bells.splice(0);
      await s.ring(due);
      const [callback] = await s.deliveries(id);
      if (!callback?.next_attempt_at) break;
      waits.push(Date.parse(callback.next_attempt_at) - s.clock.now);
      expect(s.bells[0]?.delaySeconds).toBeGreaterThan(0);
      // Not before its time.
      await s.ring(s.bells);
      s.clock.now = Math.ceil(Date.parse(callback.next_attempt_at) / 1000) * 1000;
    }
    expect(waits).toHaveLength(RETRY_STEPS_MS.length);
    for (const [n, step] of RETRY_STEPS_MS.entries()) expect(Math.abs((waits[n] ?? 0) / step - 1)).toBeLessThanOrEqual(0.101);
    expect(s.posts).toHaveLength(RETRY_STEPS_MS.length + 1);
    expect(new Set(s.posts.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(new Set(s.posts.map(({ body }) => body)).size).toBe(1);
    const [given] = await s.deliveries(id, "?state=failed");
    expect(given).toMatchObject({ state: "failed", reason: "attempts_used_up" });
    expect(given?.attempts).toHaveLength(8);
    expect(given?.attempts[0]).toMatchObject({ status: 500, response: "no".repeat(250) });
    expect(s.watched()).toBeGreaterThan(0);
  });

  it("waits for as long as Retry-After says, in seconds or as a date", async () => {
    for (const header of ["3600", new Date(Date.UTC(2026, 10, 20, 1)).toUTCString()]) {
      const s = await customers(() => says(429, { "retry-after": header }));
      const { id } = await s.endpoint("https://shop.example/hooks", ["message.queued"]);
      await s.send();
      await s.ring();
      const [callback] = await s.deliveries(id);
      expect(Date.parse(callback?.next_attempt_at ?? "") - s.clock.now).toBe(3_600_000);
    }
  });

  it("goes after no redirect, and says so", async () => {
    const s = await customers(() => says(302, { location: "http://169.254.169.254/" }));
    const { id } = await s.endpoint("https://shop.example/hooks", ["message.queued"]);
    await s.send();
    await s.ring();
    expect(s.posts).toHaveLength(1);
    expect((await s.deliveries(id))[0]?.attempts).toMatchObject([{ status: 302, error: "A redirect is not followed." }]);
  });

  it("goes to no private address, though one was let in before", async () => {
    const s = await customers(ok);
    const { id } = await s.endpoint("http://10.0.0.1/hooks", ["message.queued"]);
    await s.send();
    const strict = { ...s.deps, allowPrivateEndpoints: false };
    const bells = s.bells.splice(0);
    for (const { shard } of bells) {
      for (const pack of await claimCallbacks(strict, s.world.tenantId, shard, bells)) {
        const { postPack } = await import("./post-callbacks.ts");
        await postPack(strict, pack, () => (job) => job());
      }
    }
    expect(s.posts).toEqual([]);
    expect((await s.deliveries(id))[0]).toMatchObject({ state: "failed", reason: "address_refused" });
  });

  it("reaches an endpoint by its new address and its new key, where they changed meanwhile", async () => {
    const s = await customers(({ url }) => (url.includes("old") ? says(500) : ok()));
    const { id, secret } = await s.endpoint("https://old.example/hooks", ["message.queued"]);
    await s.send();
    await s.ring(s.bells.splice(0));
    await s.world.call("PATCH", `/v1/webhooks/${id}`, { body: { url: "https://new.example/hooks" } });
    const rotated = await s.world.call("POST", `/v1/webhooks/${id}/rotate-secret`, { body: { overlap_seconds: 3600 } });
    const fresh = ((await rotated.json()) as { secret: string }).secret;
    s.clock.now += 20_000;
    await s.ring(s.bells.splice(0));
    const post = s.posts.at(-1);
    expect(post?.url).toBe("https://new.example/hooks");
    for (const one of [secret, fresh]) verified(one, post ?? { headers: {}, body: "{}" });
    s.clock.now += 3_600_000;
    await s.send();
    await s.ring(s.bells.splice(0));
    const signatures = s.posts.at(-1)?.headers["webhook-signature"]?.split(" ") ?? [];
    expect(signatures).toHaveLength(2);
    verified(fresh, s.posts.at(-1) ?? { headers: {}, body: "{}" });
  });
});

describe("whoever posts", () => {
  it("may die with a pack in hand: it is posted when the lease has run out, and not before", async () => {
    const s = await customers(ok);
    await s.endpoint("https://shop.example/hooks", ["message.queued"]);
    await s.send();
    const bells = s.bells.splice(0);
    await claimCallbacks(s.deps, s.world.tenantId, SHARD, bells);
    await s.ring(bells);
    expect(await sweep(s.deps, s.world.tenantId)).toBe(2); // with the pack of the delivery
    expect(s.bells).toEqual([]);
    s.clock.now += s.deps.timing.leaseMs;
    await sweep(s.deps, s.world.tenantId);
    expect(s.bells).toHaveLength(1);
    await s.ring();
    expect(s.posts).toHaveLength(1);
    expect(await sweep(s.deps, s.world.tenantId)).toBe(1);
  });

  it("posts once where the bell rings twice at the same time, and where it rings late", async () => {
    const s = await customers(ok);
    await s.endpoint("https://shop.example/hooks", ["message.queued"]);
    await s.send();
    const bells = [...s.bells];
    await s.ring(bells, 5);
    await s.ring(bells);
    expect(s.posts).toHaveLength(1);
  });

  it("overwrites nothing once its lease is somebody else's", async () => {
    let isSlow = true;
    const s = await customers(async () => {
      if (isSlow) {
        isSlow = false;
        s.clock.now += s.deps.timing.leaseMs + 1;
        await s.ring(s.bells);
        return says(500);
      }
      return ok();
    });
    const { id } = await s.endpoint("https://shop.example/hooks", ["message.queued"]);
    await s.send();
    await s.ring(s.bells.slice());
    expect(s.posts).toHaveLength(2);
    const [callback] = await s.deliveries(id);
    expect(callback).toMatchObject({ state: "delivered", next_attempt_at: null });
    expect(callback?.attempts).toHaveLength(1);
  });

  it("asks an endpoint that never answers a few times, and then one at a time: what waits uses up no try", async () => {
    const s = await customers(silence);
    const { id } = await s.endpoint("https://shop.example/hooks", ["message.queued"]);
    for (let n = 0; n < 30; n++) await s.send();
    for (const bell of s.bells.splice(0)) await s.ring([bell]);
    expect(s.posts).toHaveLength(5);
    const tried = (await s.deliveries(id, "?limit=100")).filter(({ attempts }) => attempts.length > 0);
    expect(tried).toHaveLength(5);
    s.clock.now += 61_000;
    for (const bell of s.bells.splice(0)) await s.ring([bell]);
    expect(s.posts).toHaveLength(6);
  });
});

describe("an endpoint", () => {
  const state = async (s: Awaited<ReturnType<typeof customers>>, id: string) =>
    (await (await s.world.call("GET", `/v1/webhooks/${id}`)).json()) as Record<string, unknown>;

  it("that answers 410 is disabled at once, with a notice; what happens then is kept, and recover posts it", async () => {
    let isGone = true;
    const s = await customers(({ url }) => (isGone && url.includes("gone") ? says(410) : ok()));
    const { id } = await s.endpoint("https://gone.example/", ["message.queued"]);
    const alerts = await s.endpoint("https://alerts.example/", ["webhook.disabled"]);
    await s.send();
    await s.ring(s.bells.splice(0));
    expect(await state(s, id)).toMatchObject({ enabled: false, disabled_reason: "gone" });
    await s.ring(s.bells.splice(0));
    expect(told(s.posts.at(-1))).toMatchObject({ type: "webhook.disabled", data: { subject: id, details: { reason: "gone" } } });
    const notices = (await (await s.world.call("GET", "/v1/notices?type=webhook.disabled")).json()) as { data: unknown[] };
    expect(notices.data).toHaveLength(1);

    s.clock.now += 60_000;
    await s.send();
    expect(s.bells).toEqual([]);
    expect((await s.deliveries(id, "?state=failed")).map(({ reason }) => reason)).toEqual(["endpoint_disabled", "gone"]);
    const since = { since: new Date(s.clock.now - 3_600_000).toISOString() };
    expect((await s.world.call("POST", `/v1/webhooks/${id}/recover`, { body: since })).status).toBe(409);

    isGone = false;
    await s.world.call("PATCH", `/v1/webhooks/${id}`, { body: { enabled: true } });
    const recovered = await s.world.call("POST", `/v1/webhooks/${id}/recover`, { body: since });
    expect(await recovered.json()).toEqual({ recovered: 2, complete: true });
    await s.ring(s.bells.splice(0));
    expect((await s.deliveries(id)).map(({ state }) => state)).toEqual(["delivered", "delivered"]);
    expect(await s.deliveries(alerts.id)).toHaveLength(1);
  });

  it("that gives nothing but failure for five days is disabled, and not a day before", async () => {
    const s = await customers(() => says(500));
    const { id } = await s.endpoint("https://shop.example/hooks", ["message.queued"]);
    const DAY = 86_400_000;
    const begun = s.clock.now;
    for (let day = 0; day < 5; day++) {
      s.clock.now = begun + day * DAY;
      await s.send();
      for (let n = 0; n < 3; n++) {
        await s.ring(s.bells.splice(0));
        s.clock.now += 600_000;
      }
    }
    expect(await state(s, id)).toMatchObject({ enabled: true, failing_since: new Date(begun).toISOString() });
    s.clock.now = begun + 5 * DAY;
    await s.send();
    for (let n = 0; n < 3; n++) {
      await s.ring(s.bells.splice(0));
      s.clock.now += 600_000;
    }
    expect(await state(s, id)).toMatchObject({ enabled: false, disabled_reason: "failing" });
  });

  it("that takes one post begins anew with its five days", async () => {
    let isWell = false;
    const s = await customers(() => (isWell ? ok() : says(500)));
    const { id } = await s.endpoint("https://shop.example/hooks", ["message.queued"]);
    await s.send();
    await s.ring(s.bells.splice(0));
    expect((await state(s, id)).failing_since).not.toBeNull();
    isWell = true;
    s.clock.now += 10_000;
    await s.ring(s.bells.splice(0));
    expect((await state(s, id)).failing_since).toBeNull();
  });

  it("hears of a notice once, however often it is looked at", async () => {
    const s = await customers(ok);
    await s.endpoint("https://shop.example/hooks", ["key.*"]);
    const key = (await (await s.world.call("POST", "/v1/keys", { body: { name: "k", mode: "live" } })).json()) as { id: string };
    s.clock.now += 1000;
    await s.world.call("POST", `/v1/keys/${key.id}/suspend`, { body: {} });
    for (let n = 0; n < 3; n++) await tellNotices(s.deps, s.world.tenantId);
    await s.ring();
    await s.ring();
    expect(s.posts.map((post) => told(post).type)).toEqual(["key.suspended"]);
    expect(told(s.posts[0]).data).toMatchObject({ subject: key.id, details: { reason: "by_hand" } });
  });
});
