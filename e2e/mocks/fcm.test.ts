/** The double of FCM, and our provider over a real connection to it. */
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { Envelope, Receipt } from "../../src/shared/core/message.ts";
import type { Account } from "../../src/shared/providers/provider.ts";
import { fcm } from "../../src/shared/providers/push/fcm.ts";
import { makeKeys } from "../../src/shared/testing/private-keys.ts";
import { FCM_FAILURES, startFcmMock } from "./fcm.ts";

const { privatePem, publicPem } = await makeKeys("RS256");
const other = await makeKeys("RS256");
const project = { projectId: "acme-shop", clientEmail: "push@acme-shop.iam.gserviceaccount.com", privateKeyId: "0123abcd" };
const double = await startFcmMock({ ...project, publicPem });
afterAll(() => double.close());
afterEach(() => double.control(null));

const account = (over: object = {}): Account => ({
  connectionId: "con_1",
  credentials: fcm.credentials.parse({
    project_id: project.projectId,
    client_email: project.clientEmail,
    private_key_id: project.privateKeyId,
    private_key: privatePem,
    ...over,
  }),
  settings: fcm.settings.parse({ endpoint: double.url }),
});
const DEVICE = `dGVzdC1maWQtMDEyMzQ1Njc:APA91b${"x".repeat(120)}`;
const push: Envelope = {
  attemptId: "att_01M7WXHTZH0000004NNR5APDB90001",
  messageId: "msg_01M7WXHTZH0000004NNR5APDB9",
  to: `token:${DEVICE}`,
  tags: [],
  channel: "push",
  title: "Grüße",
  body: "📦",
};

async function fetched(request: Request) {
  const response = await fetch(request);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

async function open(from = account()) {
  const asked = await fcm.session?.open(from, { now: Date.now() });
  return asked instanceof Request ? fcm.session?.read?.(await fetched(asked), { now: Date.now() }) : asked;
}
async function tokenOf(from = account()): Promise<string> {
  const opened = await open(from);
  if (opened === undefined || !("token" in opened)) throw new Error("no token");
  return opened.token;
}
async function send(envelope: Envelope, session: string, from = account()): Promise<Receipt> {
  const request = await fcm.encode(envelope, from, { now: Date.now(), callbackUrl: null, idempotencyKey: "k", session });
  return fcm.decode(await fetched(request));
}

describe("the double of FCM", () => {
  test("takes a message from us, once, with the attempt's id in its data", async () => {
    const receipt = await send(push, await tokenOf());
    const message = double.received.at(-1);
    expect(receipt).toEqual({ outcome: "sent", providerMessageId: message?.id });
    expect(message).toMatchObject({
      to: DEVICE,
      outcome: "accepted",
      notification: { title: "Grüße", body: "📦" },
      data: { carillon_attempt_id: push.attemptId, carillon_message_id: push.messageId },
    });
    expect(await send({ ...push, to: "fid:dGVzdC1maWQtMDEyMzQ1Nj" }, await tokenOf())).toMatchObject({ outcome: "sent" });
    expect(double.refused).toEqual([]);
  });

  test("gives a token to the service account only", async () => {
    const before = double.tokensGiven();
    for (const over of [
      { private_key: other.privatePem },
      { client_email: "eve@acme-shop.iam.gserviceaccount.com" },
      { private_key_id: "f" },
    ]) {
      expect(await open(account(over))).toMatchObject({ outcome: "misconfigured", code: "invalid_grant" });
    }
    expect(double.tokensGiven()).toBe(before);
  });

  test("takes no token of its own making, and none that was revoked", async () => {
    expect(await send(push, "ya29.made-up")).toMatchObject({ outcome: "transient", sessionExpired: true });
    const token = await tokenOf();
    double.revokeTokens();
    expect(await send(push, token)).toMatchObject({ outcome: "transient", sessionExpired: true });
  });

  test("refuses another project, a payload that is too big, and words that are Google's", async () => {
    const token = await tokenOf();
    expect(await send(push, token, account({ project_id: "other-shop" }))).toMatchObject({
      outcome: "misconfigured",
      code: "PERMISSION_DENIED",
    });
    expect(await send({ ...push, body: "x".repeat(4100) }, token)).toMatchObject({
      outcome: "permanent",
      code: "INVALID_ARGUMENT",
    });
    expect(await send({ ...push, data: { from: "me" } } as Envelope, token)).toMatchObject({ outcome: "permanent" });
    expect(await send({ ...push, to: "no-such-token" }, token)).toMatchObject({ outcome: "recipient_invalid" });
  });

  test("is probed without a message being sent", async () => {
    const before = double.received.length;
    const request = await fcm.probe.encode(account(), { now: Date.now(), session: await tokenOf() });
    expect(fcm.probe.decode(await fetched(request))).toMatchObject({ ok: true });
    expect(double.received).toHaveLength(before);
  });

  test.each(Object.keys(FCM_FAILURES) as (keyof typeof FCM_FAILURES)[])(
    "fails with %s when it is told to, and takes nothing",
    async (fail) => {
      const token = await tokenOf();
      double.control({ fail, times: 1 });
      const [, status, own] = FCM_FAILURES[fail];
      expect(await send(push, token)).toMatchObject({ code: own ?? status });
      expect(double.received.at(-1)?.outcome).toBe("failed");
      expect(await send(push, token)).toMatchObject({ outcome: "sent" });
    },
  );
});
