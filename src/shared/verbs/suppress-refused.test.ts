import { beforeAll, describe, expect, it } from "vitest";
import type { Channel } from "../core/channels.ts";
import { suppressionsOf } from "../db/control/suppressions.ts";
import type { Carried } from "../ports/carrier.ts";
import { makeKeys } from "../testing/private-keys.ts";
import { type Stage, scriptedHealth, stage, submission, yes } from "../testing/stage.ts";
import { plan } from "./plan.ts";

const json = (status: number, body: object): Carried => ({
  kind: "answered",
  status,
  headers: new Headers(),
  body: JSON.stringify(body),
});

let privateKey: string;
beforeAll(async () => {
  privateKey = (await makeKeys("RS256")).privatePem;
});

/** FCM and Twilio: numbers by the code that Twilio has for them, devices that have `dead` in their name are gone. */
async function outside(request: Request): Promise<Carried> {
  const { host } = new URL(request.url);
  if (host === "oauth2.googleapis.com") return json(200, { access_token: "t", expires_in: 3600, token_type: "Bearer" });
  if (host === "api.twilio.com") {
    const code = /%2B4477009(\d{5})/.exec(await request.text())?.[1];
    return code === "00000" ? json(201, { sid: "SM1", status: "queued" }) : json(400, { code: Number(code), message: "no" });
  }
  const isGone = JSON.stringify(await request.json()).includes("dead");
  const details = [{ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", errorCode: "UNREGISTERED" }];
  return isGone
    ? json(404, { error: { code: 404, status: "NOT_FOUND", message: "gone", details } })
    : json(200, { name: "projects/p-123456/messages/1" });
}

async function scene(): Promise<Stage & { readonly noted: ReturnType<typeof scriptedHealth>["noted"] }> {
  const { health, noted } = scriptedHealth();
  const it = await stage(yes, { health, carrier: { carry: outside } });
  const connect = async (body: object) => {
    const made = await it.world.call("POST", "/v1/connections", { body: { name: "One", priority: 1, ...body } });
    expect(made.status, await made.clone().text()).toBe(201);
  };
  const key = {
    project_id: "p-123456",
    client_email: "a@p.iam.gserviceaccount.com",
    private_key_id: "k1",
    private_key: privateKey,
  };
  await connect({ channel: "push", provider: "fcm", credentials: key });
  const account = { account_sid: `AC${"0".repeat(32)}`, auth_token: "secret-secret" };
  await connect({ channel: "sms", provider: "twilio", credentials: account, settings: { from: "+15005550006" } });
  return { ...it, noted };
}

async function sendTo(on: Stage, channel: Channel, destinations: readonly string[]): Promise<string> {
  const order = { request_id: "req_1", content: { sms: { text: "Hi" }, push: { title: "Hi", body: "There" } } };
  const to = destinations.map((destination) => ({ channel, destination }));
  const one = submission(on.world, { order, to }, destinations.length);
  await plan(on.deps, on.world.tenantId, [one]);
  await on.ring(on.bells.splice(0));
  return one.first;
}

const listed = async (on: Stage) => {
  const rows = await suppressionsOf(on.deps.control, on.world).list({}, null, 200);
  return rows.map(({ destination, reason, source }) => [destination, reason, source]);
};
const devices = (kind: "alive" | "dead", from: number, count: number) =>
  Array.from({ length: count }, (_, i) => `token:${kind}-${from + i}-${"x".repeat(20)}`);
const misconfigured = (noted: { outcome: { kind: string } }[]) => noted.filter(({ outcome }) => outcome.kind === "misconfigured");

describe("whom a provider refuses for good", () => {
  it("is put on the list: a number that does not exist, and one whose owner wants nothing as such", async () => {
    const on = await scene();
    const id = await sendTo(on, "sms", ["+447700921211", "+447700921610", "+447700930007", "+447700900000"]);
    expect(await listed(on)).toEqual([
      ["+447700921211", "invalid", "provider:twilio"],
      ["+447700921610", "unsubscribe", "provider:twilio"],
    ]);
    expect(await suppressionsOf(on.deps.control, on.world).get({ channel: "sms", destination: "+447700921211" })).toMatchObject({
      messageId: id,
      projectId: on.world.projectId,
    });
  });

  it("is put on the list where it is a device that has gone", async () => {
    const on = await scene();
    await sendTo(on, "push", [...devices("alive", 0, 18), ...devices("dead", 0, 2)]);
    expect(await listed(on)).toEqual(devices("dead", 0, 2).map((device) => [device, "invalid", "provider:fcm"]));
    expect(misconfigured(on.noted)).toEqual([]);
  });

  it("is not where hardly any device is known: that is the connection's fault, and its breaker is told", async () => {
    const on = await scene();
    await sendTo(on, "push", [...devices("alive", 0, 15), ...devices("dead", 0, 5)]);
    expect(await listed(on)).toEqual([]);
    expect(misconfigured(on.noted)).toMatchObject([{ outcome: { code: "UNREGISTERED" } }]);
  });

  it("is taken back where the first few that were believed turn out to be the beginning of a wave", async () => {
    const on = await scene();
    await sendTo(on, "push", devices("dead", 0, 6));
    await sendTo(on, "push", devices("dead", 6, 3));
    expect(await listed(on)).toHaveLength(9);
    await sendTo(on, "push", devices("dead", 9, 1));
    expect(await listed(on)).toEqual([]);
    expect(misconfigured(on.noted)).toHaveLength(1);
  });
});
