/** Push through the whole product: one access token for many messages, renewed where Google takes it no more. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeKeys } from "../src/shared/testing/private-keys.ts";
import { call, isSent, type Message, send, waitFor } from "./client.ts";
import { cleanUp, launch, makeStateDir, type Server } from "./harness.ts";
import { startFcmMock } from "./mocks/fcm.ts";

/** The first retry comes at most 10 s later; a bell in the local queue may add a second or two. */
const RETRIED_WITHIN_MS = 30_000;

const keys = await makeKeys("RS256");
const project = { projectId: "acme-shop", clientEmail: "push@acme-shop.iam.gserviceaccount.com", privateKeyId: "0123abcd" };
const fcm = await startFcmMock({ ...project, publicPem: keys.publicPem });
let server: Server;

beforeAll(async () => {
  server = await launch({ stateDir: makeStateDir() });
  const answer = await call(server, "POST", "/v1/connections", {
    channel: "push",
    provider: "fcm",
    name: "Double of FCM",
    priority: 1,
    verify: true,
    credentials: {
      type: "service_account",
      project_id: project.projectId,
      client_email: project.clientEmail,
      private_key_id: project.privateKeyId,
      private_key: keys.privatePem,
      token_uri: "https://oauth2.googleapis.com/token",
    },
    settings: { endpoint: fcm.url },
  });
  expect(answer).toMatchObject({ status: 201, body: { verification: { ok: true } } });
});
afterAll(async () => {
  cleanUp();
  await fcm.close();
});

const device = (n: number) => `dGVzdC1maWQtMDEyMzQ1${String(n).padStart(2, "0")}:APA91b${"x".repeat(120)}`;
const push = (title: string, ...to: string[]) => ({
  to: to.map((destination) => ({ channel: "push", destination })),
  content: { push: { title, body: "B", data: { order: "1" }, url: "https://shop.example/orders/1" } },
});
const attempts = (message: Message | undefined) => message?.deliveries.flatMap((d) => d.attempts);
const taken = (to: string) => fcm.received.filter((m) => m.to === to);

test("many messages, one access token; each reaches its device as it was written", async () => {
  const given = fcm.tokensGiven(); // the verification's own
  const to = Array.from({ length: 40 }, (_, n) => device(n));
  const ids = await send(server, push("Grüße", ...to));
  await waitFor(server, ids, isSent, 30_000);
  expect(to.map((t) => taken(t).length)).toEqual(to.map(() => 1));
  expect(fcm.tokensGiven() - given).toBe(1);
  expect(taken(device(0))[0]).toMatchObject({
    notification: { title: "Grüße", body: "B" },
    data: { order: "1", url: "https://shop.example/orders/1", carillon_message_id: ids[0] },
  });
  expect(fcm.refused).toEqual([]);
});

test("a revoked access token is renewed, and what met it is sent with the new one", async () => {
  fcm.revokeTokens();
  const [message] = await waitFor(server, await send(server, push("again", device(50))), isSent, RETRIED_WITHIN_MS);
  expect(attempts(message)).toMatchObject([{ outcome: "transient", code: "UNAUTHENTICATED" }, { outcome: "sent" }]);
  expect(taken(device(50)).map((m) => m.outcome)).toEqual(["accepted"]);
}, 90_000);

test("an app that is gone from the device: the recipient's fault, once", async () => {
  fcm.control({ fail: "unregistered", to: device(60) });
  const [message] = await waitFor(server, await send(server, push("no", device(60))), (m) => m.status === "failed", 30_000);
  expect(attempts(message)).toMatchObject([{ outcome: "recipient_invalid", code: "UNREGISTERED" }]);
  expect(taken(device(60))).toHaveLength(1);
});

test("a device of another platform is never sent to FCM", async () => {
  const before = fcm.received.length;
  const ids = await send(server, push("no", `apns:${"ab".repeat(32)}`));
  const [message] = await waitFor(server, ids, (m) => m.status === "failed", 30_000);
  expect(JSON.stringify(message)).toContain("target_not_carried");
  expect(fcm.received).toHaveLength(before);
});

test("what says that it is a subscription and is none is refused at the door", async () => {
  const answer = await call(server, "POST", "/v1/send", push("no", '{"endpoint":"https://127.0.0.1/x","keys":{}}'));
  expect(answer.status).toBe(422);
});
