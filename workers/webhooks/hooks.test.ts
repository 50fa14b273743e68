import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { joseUnsealer } from "../../src/shared/adapters/jose-vault.ts";
import { attemptId, parseMessageId } from "../../src/shared/core/ids.ts";
import type { Message } from "../../src/shared/core/message.ts";
import { suppressionsOf } from "../../src/shared/db/control/suppressions.ts";
import type { Carried } from "../../src/shared/ports/carrier.ts";
import { makeTopic, SNS_CERTIFICATE_URL, type SnsMessage } from "../../src/shared/testing/sns.ts";
import { SHARD, type Stage, stage, submission, yes } from "../../src/shared/testing/stage.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import { plan } from "../../src/shared/verbs/plan.ts";
import { record } from "../../src/shared/verbs/record.ts";
import { sweep } from "../../src/shared/verbs/sweep.ts";
import { door } from "./door.ts";

const ARN = "arn:aws:sns:eu-west-1:123456789012:ses-events";
type Topic = Awaited<ReturnType<typeof makeTopic>>;
const secrets = env as unknown as { readonly WEBHOOK_SEAL_PRIVATE_KEYS: string };

let topic: Topic;
beforeAll(async () => {
  topic = await makeTopic(ARN);
});

/** The webhooks Worker of a stage: its own key, and a network on which there is SNS. */
interface Hooks {
  readonly deps: Deps;
  /** Every URL that was fetched. */
  readonly fetched: string[];
  readonly logged: { readonly event: string }[];
  /** Where the connection's callbacks go. */
  readonly url: string;
  post(body: string, over?: { url?: string; method?: string; headers?: HeadersInit }): Promise<Response>;
  /** What SES publishes, signed by its topic. */
  publish(event: object, at?: number): Promise<Response>;
}

async function hooksOf(
  scene: Stage,
  { connection = scene.connections[0] ?? "", provider = "ses", verification = { topic_arn: ARN } as object } = {},
) {
  const patched = await scene.world.call("PATCH", `/v1/connections/${connection}`, {
    body: { callback_verification: verification },
  });
  expect(patched.status).toBe(200);
  const { callback_url: url } = (await patched.json()) as { callback_url: string };
  expect(url).toMatch(new RegExp(`^https://carillon.test/hooks/\\w+/${provider}/${connection}$`));
  const fetched: string[] = [];
  const logged: { event: string }[] = [];
  const deps: Deps = {
    ...scene.deps,
    random: scene.world.deps.random,
    unsealer: joseUnsealer(secrets.WEBHOOK_SEAL_PRIVATE_KEYS),
    snsOrigin: "",
    log: (line) => void logged.push(line),
    carrier: {
      async carry(request): Promise<Carried> {
        fetched.push(request.url);
        return {
          kind: "answered",
          status: 200,
          headers: new Headers(),
          body: request.url === SNS_CERTIFICATE_URL ? topic.pem : "",
        };
      },
    },
    ringer: { ring: async () => {}, signal: (tenant, shard, signals) => record(deps, tenant, shard, signals) },
  };
  const post: Hooks["post"] = (body, over = {}) => {
    const method = over.method ?? "POST";
    const init = { method, headers: over.headers ?? { "content-type": "text/plain" } };
    return door(deps, new Request(over.url ?? url, method === "GET" ? init : { ...init, body }));
  };
  return {
    deps,
    fetched,
    logged,
    url,
    post,
    publish: async (event, at = scene.clock.now) => post(JSON.stringify(await topic.notification(JSON.stringify(event), at))),
  } satisfies Hooks;
}

/** A mail that SES has taken. */
async function sentBy(scene: Stage, to = "ada@example.com"): Promise<{ id: string; attempt: string }> {
  const one = submission(scene.world, { to: [{ channel: "email", destination: to }] });
  await plan(scene.deps, scene.world.tenantId, [one]);
  await scene.ring(scene.bells.splice(0));
  return { id: one.first, attempt: attemptId(one.first, 0, 1) };
}

function mail(attempt: string, to = "ada@example.com") {
  return { messageId: "0100-ses", timestamp: new Date(0).toISOString(), destination: [to], tags: { attempt_id: [attempt] } };
}

const delivery = (attempt: string, at: number) => ({
  eventType: "Delivery",
  mail: mail(attempt),
  delivery: { timestamp: new Date(at).toISOString(), smtpResponse: "250 ok <ada@example.com>", recipients: ["ada@example.com"] },
});
const bounce = (attempt: string, at: number, to = "ada@example.com", bounceType = "Permanent") => ({
  eventType: "Bounce",
  mail: mail(attempt, to),
  bounce: {
    bounceType,
    bounceSubType: "General",
    bouncedRecipients: [{ emailAddress: to, diagnosticCode: `smtp; 550 5.1.1 <${to}> unknown` }],
    timestamp: new Date(at).toISOString(),
  },
});

const typesOf = (message: Message) => message.log.map(({ type }) => type);
const suppressed = (scene: Stage) => suppressionsOf(scene.deps.control, scene.world).list({}, null, 100);
const forged = { status: 401, code: "callback_forged" };

describe("a callback", () => {
  it("tells the message what became of it, under the event's own id and without the address", async () => {
    const scene = await stage(yes);
    const hooks = await hooksOf(scene);
    const { id, attempt } = await sentBy(scene);
    scene.clock.now += 5000;
    const answer = await hooks.publish(delivery(attempt, scene.clock.now - 1000));
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
    const message = await scene.read(id);
    expect(message.status).toBe("delivered");
    expect(message.log.at(-1)).toMatchObject({
      type: "delivered",
      at: scene.clock.now - 1000,
      key: expect.stringMatching(/^ses:id-/),
      delivery: 0,
      attempt_id: attempt,
      provider: "ses",
      connection_id: scene.connections[0],
      reason: "250 ok <(recipient)>",
    });
    expect(hooks.fetched).toEqual([SNS_CERTIFICATE_URL]);
  });

  it("counts once however often it comes, and in whatever order", async () => {
    const scene = await stage(yes);
    const hooks = await hooksOf(scene);
    const { id, attempt } = await sentBy(scene);
    const events = [
      bounce(attempt, scene.clock.now),
      delivery(attempt, scene.clock.now - 2000),
      { eventType: "Send", mail: mail(attempt) },
    ];
    for (const event of [...events, ...events, ...events]) expect((await hooks.publish(event)).status).toBe(200);
    const message = await scene.read(id);
    expect(typesOf(message)).toEqual(["queued", "attempted", "sent", "bounced", "delivered", "sent"]);
    expect(message.status).toBe("delivered");
  });

  it("that comes before our own record of the send settles what was in doubt, and nothing is sent again", async () => {
    const scene = await stage(() => ({ kind: "unknown", reason: "no answer within 10000 ms" }));
    const hooks = await hooksOf(scene);
    const { id, attempt } = await sentBy(scene);
    expect(await scene.read(id)).toMatchObject({ status: "queued", deliveries: [{ phase: "unknown" }] });
    await hooks.publish(delivery(attempt, scene.clock.now));
    expect(await scene.read(id)).toMatchObject({ status: "delivered", deliveries: [{ phase: "sent" }] });
    scene.clock.now += 120_000;
    await sweep(scene.deps, scene.world.tenantId);
    await scene.ring(scene.bells.splice(0));
    expect(scene.carried).toEqual([attempt]);
    expect((await scene.read(id)).deliveries[0]?.attempts).toHaveLength(1);
  });

  it("about a message that is not there yet is kept, and told when it is", async () => {
    const scene = await stage(yes);
    const hooks = await hooksOf(scene);
    const one = submission(scene.world);
    await hooks.publish(delivery(attemptId(one.first, 0, 1), scene.clock.now));
    await hooks.publish(delivery(attemptId(one.first, 0, 1), scene.clock.now));
    await plan(scene.deps, scene.world.tenantId, [one]);
    const told = { ...scene.deps, ringer: hooks.deps.ringer };
    for (let i = 0; i < 2; i++) await sweep(told, scene.world.tenantId);
    expect(typesOf(await scene.read(one.first))).toEqual(["queued", "delivered"]);
    const left = await scene.deps.shards[SHARD]
      ?.prepare("SELECT COUNT(*) AS n FROM early_signals WHERE tenant_id = ?1")
      .bind(scene.world.tenantId)
      .first("n");
    expect(left).toBe(0);
  });

  it("about somebody else's message changes nothing of it", async () => {
    const [owner, other] = [await stage(yes), await stage(yes)];
    const { id, attempt } = await sentBy(owner);
    const hooks = await hooksOf(other);
    expect((await hooks.publish(delivery(attempt, owner.clock.now))).status).toBe(200);
    expect((await owner.read(id)).status).toBe("sent");
    const foreign = attemptId(`msg_${attempt.slice(4, 21)}ZZ${attempt.slice(23, 30)}`, 0, 1);
    expect(parseMessageId(`msg_${foreign.slice(4, 30)}`)?.dbShard).toBe(1);
    const nowhere = `att_${attempt.slice(4, 21)}ZZ${attempt.slice(23)}`;
    expect((await hooks.publish(delivery(nowhere, owner.clock.now))).status).toBe(200);
  });
});

describe("a callback that proves nothing", () => {
  it("is refused, believed in nothing, logged each time, and told to the tenant once an hour", async () => {
    const scene = await stage(yes);
    const hooks = await hooksOf(scene);
    const { id, attempt } = await sentBy(scene);
    const genuine = await topic.notification(JSON.stringify(bounce(attempt, scene.clock.now)), scene.clock.now);
    const posted = (message: SnsMessage) => hooks.post(JSON.stringify(message));
    const text = JSON.stringify(genuine);
    const forgeries = [
      () => posted({ ...genuine, Message: JSON.stringify(delivery(attempt, scene.clock.now)) }),
      () => posted({ ...genuine, Signature: btoa("nobody") }),
      () => posted({ ...genuine, TopicArn: ARN.replace("ses", "mine") }),
      () => posted({ ...genuine, SigningCertURL: "https://evil.example/SimpleNotificationService-0.pem" }),
      () => hooks.post(text.slice(0, text.length / 2)),
      () => hooks.post(""),
      () => hooks.post("{}"),
      async () => posted(await topic.notification("{}", scene.clock.now - 86_400_000)),
      () => hooks.post("", { method: "GET" }),
    ];
    for (const forge of forgeries) {
      const answer = await forge();
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(await answer.json()).toMatchObject(forged);
    }
    expect(typesOf(await scene.read(id))).toEqual(["queued", "attempted", "sent"]);
    expect(await suppressed(scene)).toEqual([]);
    expect(hooks.logged.filter(({ event }) => event === "callback_forged")).toHaveLength(forgeries.length);
    const notices = async () => {
      const list = (await (await scene.world.call("GET", "/v1/notices?type=callbacks.forged")).json()) as { data: object[] };
      return list.data;
    };
    expect(await notices()).toMatchObject([{ subject: scene.connections[0], details: { provider: "ses", forged: 1 } }]);
    scene.clock.now += 3_601_000;
    await hooks.post("{}");
    expect(await notices()).toMatchObject([{ details: { forged: forgeries.length } }, { details: { forged: 1 } }]);
  });

  it("is whatever comes where the connection has nothing to verify with", async () => {
    const scene = await stage(yes);
    const hooks = await hooksOf(scene);
    await scene.world.call("PATCH", `/v1/connections/${scene.connections[0]}`, { body: { callback_verification: null } });
    expect(await (await hooks.publish({})).json()).toMatchObject(forged);
  });

  it("is one that comes with another body under a signature that does not cover it, and not a repeat", async () => {
    const scene = await stage(yes);
    const made = await scene.world.call("POST", "/v1/connections", {
      body: {
        channel: "email",
        provider: "mailgun",
        name: "Mailgun",
        settings: { domain: "mg.acme.example", from: "a@mg.acme.example" },
        credentials: { api_key: "key-0123456789abcdef0123456789abcdef" },
      },
    });
    expect(made.status, await made.clone().text()).toBe(201);
    const { id: connection } = (await made.json()) as { id: string };
    const key = "0123456789abcdef0123456789abcdef";
    const hooks = await hooksOf(scene, { connection, provider: "mailgun", verification: { signing_key: key } });
    const { id, attempt } = await sentBy(scene);
    const timestamp = String(Math.floor(scene.clock.now / 1000));
    const token = "a".repeat(50);
    const hmac = await crypto.subtle.importKey("raw", new TextEncoder().encode(key), { name: "HMAC", hash: "SHA-256" }, false, [
      "sign",
    ]);
    const signature = new Uint8Array(await crypto.subtle.sign("HMAC", hmac, new TextEncoder().encode(timestamp + token))).toHex();
    const body = (event: string) =>
      JSON.stringify({
        signature: { timestamp, token, signature },
        "event-data": {
          event,
          id: event,
          timestamp: Number(timestamp),
          recipient: "ada@example.com",
          "user-variables": { attempt_id: attempt },
        },
      });
    for (let i = 0; i < 3; i++) expect((await hooks.post(body("delivered"))).status).toBe(200);
    for (const event of ["complained", "unsubscribed"])
      expect(await (await hooks.post(body(event))).json()).toMatchObject(forged);
    scene.clock.now += 240_000;
    expect(await (await hooks.post(body("complained"))).json()).toMatchObject(forged);
    expect((await scene.read(id)).log.filter((e) => e.provider === "mailgun").map((e) => e.type)).toEqual(["delivered"]);
    expect(await suppressed(scene)).toEqual([]);
  });
});

describe("the door", () => {
  it("knows no other connection, provider, channel or path, takes no other method, and no more than 1 MB", async () => {
    const scene = await stage(yes);
    const { post, url } = await hooksOf(scene);
    const at = (path: string) => post("{}", { url: `https://carillon.test${path}` });
    const connection = scene.connections[0] ?? "";
    for (const path of [
      `/hooks/email/ses/con_${"0".repeat(26)}`,
      `/hooks/email/ses/${connection}x`,
      `/hooks/sms/ses/${connection}`,
      `/hooks/email/sendgrid/${connection}`,
      `/hooks/email/webpush/${connection}`,
      `/hooks/email/ses/${connection}/x`,
      "/hooks/email/ses/' OR 1=1 --",
      "/hooks",
      "/hooks/",
      "/nowhere",
    ]) {
      const answer = await at(path);
      expect([answer.status, ((await answer.json()) as { code: string }).code], path).toEqual([404, "not_found"]);
    }
    for (const method of ["PUT", "DELETE", "PATCH"]) {
      const answer = await post("{}", { method });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, POST"]);
    }
    expect((await post("x".repeat(1_048_577))).status).toBe(413);
    expect((await post("x".repeat(1_048_576), { url })).status).toBe(401);
  });

  it("is reached through the API's own address", async () => {
    const scene = await stage(yes);
    const { url } = await hooksOf(scene);
    const answer = await scene.world.call("POST", new URL(url).pathname, { key: null, body: "{}" });
    expect(await answer.json()).toMatchObject(forged);
    expect((await scene.world.call("GET", "/hooks/nowhere", { key: null })).status).toBe(404);
  });

  it("confirms a subscription that SNS asks for, once, and nothing else", async () => {
    const scene = await stage(yes);
    const hooks = await hooksOf(scene);
    const confirmation = await topic.confirmation(scene.clock.now);
    expect((await hooks.post(JSON.stringify(confirmation))).status).toBe(200);
    expect(hooks.fetched.filter((at) => at !== SNS_CERTIFICATE_URL)).toEqual([confirmation.SubscribeURL]);
    const elsewhere = await topic.confirmation(scene.clock.now, {
      SubscribeURL: "https://evil.example/?Action=ConfirmSubscription",
    });
    expect(await (await hooks.post(JSON.stringify(elsewhere))).json()).toMatchObject(forged);
    expect(hooks.fetched.some((at) => at.includes("evil"))).toBe(false);
  });

  it("says back what Meta asks, where its token is the one that it was given, and as no page", async () => {
    const scene = await stage(yes);
    const made = await scene.world.call("POST", "/v1/connections", {
      body: {
        channel: "whatsapp",
        provider: "meta",
        name: "Meta",
        credentials: { access_token: "EAAG0123456789" },
        settings: { phone_number_id: "123456789012345" },
      },
    });
    expect(made.status, await made.clone().text()).toBe(201);
    const { id: connection } = (await made.json()) as { id: string };
    const verification = { app_secret: "0123456789abcdef0123456789abcdef", verify_token: "made-up-by-us" };
    const hooks = await hooksOf(scene, { connection, provider: "meta", verification });
    const ask = (token: string, challenge = "1158201444") =>
      hooks.post("", {
        method: "GET",
        url: `${hooks.url}?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=${challenge}`,
      });
    const answer = await ask("made-up-by-us");
    expect([answer.status, await answer.text()]).toEqual([200, "1158201444"]);
    expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    for (const wrong of [await ask("another-token"), await ask(""), await ask("made-up-by-us", "<script>")]) {
      expect(await wrong.json()).toMatchObject(forged);
    }
  });

  it("answers 500 where what it needs is away, so that the provider comes again", async () => {
    const scene = await stage(yes);
    const { deps, url } = await hooksOf(scene);
    const { attempt } = await sentBy(scene);
    const away = { ...deps, ringer: { ...deps.ringer, signal: async () => Promise.reject(new Error("no queue")) } };
    const body = JSON.stringify(await topic.notification(JSON.stringify(delivery(attempt, scene.clock.now)), scene.clock.now));
    const answer = await door(away, new Request(url, { method: "POST", body }));
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([500, "internal"]);
  });
});

describe("whom a callback says not to write to", () => {
  it("is on the list before it is answered: who bounced for good or complained, not who bounced for now", async () => {
    const scene = await stage(yes);
    const hooks = await hooksOf(scene);
    const { id, attempt } = await sentBy(scene, "Ada@Example.com");
    await hooks.publish(bounce(attempt, scene.clock.now, "soft@example.com", "Transient"));
    expect(await suppressed(scene)).toEqual([]);
    await hooks.publish(bounce(attempt, scene.clock.now, "Ada@example.com"));
    await hooks.publish({
      eventType: "Complaint",
      mail: mail(attempt),
      complaint: {
        complainedRecipients: [{ emailAddress: "copy@example.com" }],
        timestamp: new Date(scene.clock.now).toISOString(),
      },
    });
    const base = { channel: "email", source: "provider:ses", projectId: scene.world.projectId, messageId: id, expiresAt: null };
    expect(await suppressed(scene)).toMatchObject([
      { ...base, destination: "ada@example.com", reason: "bounce" },
      { ...base, destination: "copy@example.com", reason: "complaint" },
    ]);
  });

  it("is also one that the provider knows from elsewhere, or does not name", async () => {
    const scene = await stage(yes);
    const hooks = await hooksOf(scene);
    const { attempt } = await sentBy(scene, "unnamed@example.com");
    await hooks.publish({
      ...bounce("", scene.clock.now, "other@example.com"),
      mail: { messageId: "x", destination: [], tags: {} },
    });
    await hooks.publish({
      eventType: "Bounce",
      mail: { ...mail(attempt), destination: [] },
      bounce: { bounceType: "Permanent", bounceSubType: "General", bouncedRecipients: [] },
    });
    expect((await suppressed(scene)).map((s) => [s.destination, s.messageId !== null])).toEqual([
      ["other@example.com", false],
      ["unnamed@example.com", true],
    ]);
  });
});
