import { beforeEach, describe, expect, it } from "vitest";
import { type Customers, customers, ok, says, told } from "../../../../src/shared/testing/customers.ts";
import { makeWorld, type World } from "../../../../src/shared/testing/world.ts";

type Json = Record<string, unknown>;
const URL_OF = "https://shop.example/hooks";

let world: World;
beforeEach(async () => {
  world = await makeWorld({ deps: { allowPrivateEndpoints: false } });
});

async function ask(method: string, path: string, body?: unknown, of: World = world): Promise<{ status: number; body: Json }> {
  const response = await of.call(method, path, body === undefined ? {} : { body });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Json) };
}

async function made(over: object = {}): Promise<Json> {
  const { status, body } = await ask("POST", "/v1/webhooks", { url: URL_OF, ...over });
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
}

async function audited(action: string): Promise<Json[]> {
  const { results } = await world.deps.control
    .prepare("SELECT actor, target, details FROM audit WHERE tenant_id = ? AND action = ?")
    .bind(world.tenantId, action)
    .all<{ actor: string; target: string; details: string }>();
  return results.map((row) => ({ ...row, details: JSON.parse(row.details) as unknown }));
}

describe("a webhook", () => {
  it("shows its secret once, its public key always, and is kept sealed", async () => {
    const { secret, ...rest } = await made();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(rest).toMatchObject({ url: URL_OF, events: ["*"], enabled: true, failing_since: null, disabled_at: null });
    expect(rest.keys).toMatchObject([{ secret_hint: String(secret).slice(-4), expires_at: null }]);
    expect((rest.keys as Json[])[0]?.public_key).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    const read = await ask("GET", `/v1/webhooks/${rest.id}`);
    expect(read.body).toEqual(rest);
    const row = await world.deps.control
      .prepare("SELECT keys FROM webhook_endpoints WHERE id = ?")
      .bind(rest.id)
      .first<string>("keys");
    expect(row).not.toContain(String(secret).slice(6));
    expect(await audited("webhook.created")).toMatchObject([{ target: rest.id, details: { url: URL_OF } }]);
  });

  it.each([
    "http://shop.example/hooks",
    "https://10.0.0.1/",
    "https://[::1]/",
    "https://127.0.0.1/",
    "https://169.254.169.254/latest",
    "https://2130706433/",
    "https://localhost/",
    "https://db.internal/",
    "https://user:pass@shop.example/",
    "https://shop.example/#there",
    "ftp://shop.example/",
    "no url",
  ])("is not made for %s, nor moved there", async (url) => {
    const refused = await ask("POST", "/v1/webhooks", { url });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: "url" }] } });
    const { id } = await made();
    expect((await ask("PATCH", `/v1/webhooks/${id}`, { url })).status).toBe(422);
    expect((await ask("POST", "/v1/webhooks/test", { url })).status).toBe(422);
    const content = { email: { subject: "Hi", text: "x" } };
    const send = { to: [{ channel: "email", destination: "a@example.com" }], content, callback_url: url };
    const sent = await ask("POST", "/v1/send", send);
    expect(sent, url).toMatchObject({ status: 422, body: { errors: [{ path: "callback_url" }] } });
  });

  it("may have a query, and filters by pattern; a type that does not exist is refused", async () => {
    const { events, url } = await made({ url: `${URL_OF}?token=1`, events: ["message.*", "webhook.disabled"] });
    expect({ events, url }).toEqual({ events: ["message.*", "webhook.disabled"], url: `${URL_OF}?token=1` });
    expect((await ask("POST", "/v1/webhooks", { url: URL_OF, events: ["message.lost"] })).status).toBe(422);
    expect((await ask("POST", "/v1/webhooks", { url: URL_OF, events: [] })).status).toBe(422);
  });

  it("is one of twenty at most", async () => {
    for (let n = 0; n < 20; n++) await made();
    expect((await ask("POST", "/v1/webhooks", { url: URL_OF })).status).toBe(409);
  });

  it("is listed newest first, page by page, changed, and gone when it is deleted", async () => {
    const ids = [await made(), await made(), await made()].map(({ id }) => id);
    const first = await ask("GET", "/v1/webhooks?limit=2");
    expect((first.body.data as Json[]).map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    const rest = await ask("GET", `/v1/webhooks?limit=2&cursor=${first.body.next_cursor}`);
    expect((rest.body.data as Json[]).map(({ id }) => id)).toEqual([ids[0]]);
    const changed = await ask("PATCH", `/v1/webhooks/${ids[0]}`, {
      description: "Shop",
      events: ["message.sent"],
      enabled: false,
    });
    expect(changed.body).toMatchObject({ description: "Shop", events: ["message.sent"], enabled: false });
    expect(await audited("webhook.updated")).toHaveLength(1);
    expect((await ask("DELETE", `/v1/webhooks/${ids[0]}`)).status).toBe(204);
    expect((await ask("GET", `/v1/webhooks/${ids[0]}`)).status).toBe(404);
    expect(await audited("webhook.deleted")).toHaveLength(1);
  });

  it("signs with its old key and its new one until the overlap ends; a third rotation keeps three", async () => {
    const { id, secret } = await made();
    const rotated = await ask("POST", `/v1/webhooks/${id}/rotate-secret`, { overlap_seconds: 60 });
    expect(rotated.status).toBe(201);
    expect(rotated.body.secret).not.toBe(secret);
    expect(rotated.body.keys).toMatchObject([{ expires_at: null }, { secret_hint: String(secret).slice(-4) }]);
    for (let n = 0; n < 3; n++) await ask("POST", `/v1/webhooks/${id}/rotate-secret`, {});
    expect(((await ask("GET", `/v1/webhooks/${id}`)).body.keys as Json[]).length).toBe(3);
    const last = await ask("POST", `/v1/webhooks/${id}/rotate-secret`, { overlap_seconds: 0 });
    expect(last.body.keys).toHaveLength(1);
    expect(await audited("webhook.secret_rotated")).toHaveLength(5);
  });

  it("keeps one new secret where two rotate it at the same time", async () => {
    const { id } = await made();
    const both = await Promise.all([1, 2].map(() => ask("POST", `/v1/webhooks/${id}/rotate-secret`, { overlap_seconds: 0 })));
    expect(both.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
    const won = both.filter(({ status }) => status === 201).map(({ body }) => (body.keys as Json[])[0]?.public_key);
    const keys = (await ask("GET", `/v1/webhooks/${id}`)).body.keys as Json[];
    expect(won).toContain(keys[0]?.public_key);
    expect(both.every(({ status }) => status === 201 || status === 409)).toBe(true);
  });
});

describe("a project's callback secret", () => {
  it("is shown when the project is made, and when it is rotated; whoever reads sees the public key only", async () => {
    const project = await ask("POST", "/v1/projects", { name: "Shop" });
    expect(project.body.callback_secret).toMatch(/^whsec_/);
    const rotated = await ask("POST", `/v1/projects/${project.body.id}/callback-secret`, {});
    expect(rotated.status).toBe(201);
    const read = await ask("GET", `/v1/projects/${project.body.id}`);
    expect(read.body.callback_keys).toEqual(rotated.body.keys);
    expect(JSON.stringify(read.body)).not.toContain(String(rotated.body.secret));
    expect(await audited("project.callback_secret_rotated")).toHaveLength(1);
  });
});

describe("a test of a webhook", () => {
  let s: Customers;
  const test = async (body: object) => ask("POST", "/v1/webhooks/test", body, s.world);

  it("posts one signed event now, and tells what came back; nothing of it is kept", async () => {
    s = await customers(ok, { carrier: { carry: async () => says(201, {}, "hello") } });
    const { id } = await s.endpoint();
    const { status, body } = await test({ webhook_id: id });
    expect(status).toBe(200);
    expect(body).toMatchObject({ url: URL_OF, delivered: true, attempt: { status: 201, response: "hello" } });
    expect(JSON.parse(String(body.body))).toMatchObject({ id: body.id, type: "webhook.test", data: { webhook_id: id } });
    expect(await s.deliveries(id)).toEqual([]);
  });

  it("tells of an endpoint that is not well without holding it against it", async () => {
    s = await customers(ok, { carrier: { carry: async () => says(410) } });
    const { id } = await s.endpoint();
    expect((await test({ webhook_id: id })).body).toMatchObject({ delivered: false, attempt: { status: 410 } });
    expect((await ask("GET", `/v1/webhooks/${id}`, undefined, s.world)).body).toMatchObject({ enabled: true });
  });

  it("goes to any address with the project's own signature, and to nobody else's webhook", async () => {
    s = await customers(ok, { carrier: { carry: async () => ok() } });
    expect((await test({ url: "https://new.example/" })).body).toMatchObject({ url: "https://new.example/", delivered: true });
    const stranger = await made();
    expect((await test({ webhook_id: stranger.id })).status).toBe(422);
    expect((await test({})).status).toBe(422);
    expect((await test({ webhook_id: "whk_1", url: "https://new.example/" })).status).toBe(422);
  });
});

describe("the deliveries of a webhook", () => {
  it("are paged newest first over all message databases, filtered by state, and redelivered one by one", async () => {
    const s = await customers(({ body }) => (body.includes("u1@") ? says(410) : ok()));
    const { id } = await s.endpoint(URL_OF, ["message.queued"]);
    for (let n = 0; n < 5; n++) {
      s.clock.now += 1000;
      await s.send();
    }
    await s.ring(s.bells.splice(0));
    const first = await ask("GET", `/v1/webhooks/${id}/deliveries?limit=2`, undefined, s.world);
    const rest = await ask("GET", `/v1/webhooks/${id}/deliveries?limit=10&cursor=${first.body.next_cursor}`, undefined, s.world);
    const all = [...(first.body.data as Json[]), ...(rest.body.data as Json[])].map(({ id: one }) => String(one));
    expect(all).toHaveLength(5);
    expect(all).toEqual([...all].sort().reverse());
    expect(await s.deliveries(id, "?state=failed")).toEqual([]);

    const again = await ask("POST", `/v1/webhooks/${id}/redeliver`, { delivery_id: all[0] }, s.world);
    expect(again).toMatchObject({ status: 202, body: { state: "pending", id: all[0] } });
    expect((await ask("POST", `/v1/webhooks/${id}/redeliver`, { delivery_id: all[0] }, s.world)).status).toBe(409);
    await s.ring(s.bells.splice(0));
    expect(s.posts.filter((post) => told(post).id === all[0])).toHaveLength(2);
    expect((await s.deliveries(id))[0]).toMatchObject({ state: "delivered", attempts: [{ status: 200 }, { status: 200 }] });
    expect((await ask("POST", `/v1/webhooks/${id}/redeliver`, { delivery_id: "evt_1" }, s.world)).status).toBe(422);
  });

  it("are not recovered from before they were kept, nor from before the time that was asked for", async () => {
    const s = await customers(() => says(500));
    const { id } = await s.endpoint(URL_OF, ["message.queued"]);
    await s.send();
    await s.world.deps.shards[1]?.prepare("UPDATE callbacks SET state = 'failed' WHERE endpoint_id = ?").bind(id).run();
    const recover = (since: number, until?: number) =>
      ask(
        "POST",
        `/v1/webhooks/${id}/recover`,
        { since: new Date(since).toISOString(), ...(until === undefined ? {} : { until: new Date(until).toISOString() }) },
        s.world,
      );
    expect((await recover(s.clock.now - 31 * 86_400_000)).status).toBe(422);
    expect((await recover(s.clock.now + 1)).body).toMatchObject({ recovered: 0 });
    expect((await recover(s.clock.now - 1000, s.clock.now)).body).toMatchObject({ recovered: 0 });
    expect((await recover(s.clock.now)).body).toEqual({ recovered: 1, complete: true });
    expect((await recover(s.clock.now)).body).toEqual({ recovered: 0, complete: true });
  });
});
