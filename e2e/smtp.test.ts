/** Mail by SMTP through the whole product on workerd: its own sockets and its own TLS, against a real server. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import PostalMime from "postal-mime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, email, isSent, type Message, send, waitFor } from "./client.ts";
import { cleanUp, launch, logOf, makeStateDir, type Server } from "./harness.ts";
import { type SmtpDouble, smtpCertificate, startSmtpDouble } from "./mocks/smtp.ts";

const LOGIN = { username: "acme", password: "correct horse battery" };
const stateDir = makeStateDir();
let server: Server;
let tls: SmtpDouble;
let startTls: SmtpDouble;

beforeAll(async () => {
  [tls, startTls] = await Promise.all([startSmtpDouble(LOGIN, "tls"), startSmtpDouble(LOGIN, "starttls")]);
  const certificates = join(stateDir, "extra-ca.pem");
  writeFileSync(certificates, smtpCertificate.pem);
  server = await launch({ stateDir, env: { NODE_EXTRA_CA_CERTS: certificates } });
});
afterAll(async () => {
  cleanUp();
  await Promise.all([tls.close(), startTls.close()]);
});

function connection(double: SmtpDouble, over: object = {}) {
  const { host, port, security } = double;
  const settings = { host, port, security, username: LOGIN.username, from: "Shop <shop@example.com>" };
  return { channel: "email", provider: "smtp", name: security, credentials: { password: LOGIN.password }, settings, ...over };
}

async function connect(body: object): Promise<{ status: number; body: { id: string; verification?: { ok: boolean } } }> {
  return (await call(server, "POST", "/v1/connections", { ...body, verify: true })) as never;
}

const attempts = (message: Message | undefined) => message?.deliveries[0]?.attempts ?? [];
const taken = (double: SmtpDouble, to: string) => double.received.filter((mail) => mail.to.includes(to));

describe.each([
  ["TLS from the first byte", () => tls, 2],
  ["STARTTLS", () => startTls, 1],
] as const)("by %s", (_, double, priority) => {
  test("a connection is verified by signing in, and a wrong password is found out", async () => {
    expect(await connect(connection(double(), { priority }))).toMatchObject({
      status: 201,
      body: { verification: { ok: true } },
    });
    const wrong = connection(double(), { priority: 99, enabled: false, credentials: { password: "wrong" } });
    expect(await connect(wrong)).toMatchObject({ body: { verification: { ok: false, code: "535 5.7.8" } } });
    expect(double().logins).toMatchObject({ inTheClear: 0 });
  });

  test("a mail arrives as it was written, inside TLS, with the ids that settle doubts later", async () => {
    const to = `plain-${priority}@example.com`;
    const [message] = await waitFor(server, await send(server, email("Ünïcode & more", to)), isSent, 30_000);
    const [mail] = taken(double(), to);
    expect(mail).toMatchObject({ from: "shop@example.com", isSecure: true });
    const read = await PostalMime.parse(mail?.raw ?? "");
    expect([read.subject, read.text?.trim(), read.from?.name]).toEqual(["Ünïcode & more", "About Ünïcode & more.", "Shop"]);
    const [attempt] = attempts(message);
    expect(attempt).toMatchObject({ provider: "smtp", outcome: "sent", provider_message_id: read.messageId?.slice(1, -1) });
    expect(read.headers.find(({ key }) => key === "x-carillon-message-id")?.value).toBe(message?.id);
  });
});

describe("when the server fails", { concurrent: true }, () => {
  test("before the final dot, the other connection carries it at once", async () => {
    const to = "dropped-early@example.com";
    startTls.control({ at: "rcpt", to, drop: true });
    const [message] = await waitFor(server, await send(server, email("again", to)), isSent, 30_000);
    expect(attempts(message).map((a) => [a.outcome, a.code])).toEqual([
      ["transient", "lost_at_rcpt"],
      ["sent", null],
    ]);
    expect([taken(startTls, to).length, taken(tls, to).length]).toEqual([0, 1]);
  });

  test("after the final dot, it is in doubt, and at_most_once never sends it again", async () => {
    const to = "dropped-late@example.com";
    startTls.control({ at: "data", to, drop: true });
    const ids = await send(server, { ...email("once", to), delivery: "at_most_once" });
    const [doubtful] = await waitFor(server, ids, (m) => m.deliveries[0]?.phase === "unknown", 30_000);
    expect(attempts(doubtful).map((a) => [a.outcome, a.code])).toEqual([["unknown", "lost_at_end"]]);
    await waitFor(server, ids, (m) => m.status === "failed", 100_000);
    expect([taken(startTls, to).length, taken(tls, to).length]).toEqual([1, 0]);
  }, 120_000);

  test("an address that it does not know is the recipient's fault, and nobody else is asked", async () => {
    const to = "nobody@example.com";
    startTls.control({ at: "rcpt", to, fail: { code: 550, text: "5.1.1 No such user" } });
    const [message] = await waitFor(server, await send(server, email("no", to)), (m) => m.status === "failed", 30_000);
    expect(attempts(message).map((a) => [a.outcome, a.code])).toEqual([["recipient_invalid", "550 5.1.1"]]);
  });
});

test("a server whose certificate names another host is told nothing", async () => {
  const body = connection(tls);
  const elsewhere = { ...body, priority: 98, enabled: false, settings: { ...body.settings, host: "127.0.0.1" } };
  const before = { ...tls.logins };
  expect(await connect(elsewhere)).toMatchObject({ body: { verification: { ok: false, code: "lost_at_connect" } } });
  expect(tls.logins).toEqual(before);
});

test("the password comes back from no list, and is in no log", async () => {
  const list = JSON.stringify((await call(server, "GET", "/v1/connections")).body);
  const secret = /correct horse battery|Y29ycmVjdCBob3JzZSBiYXR0ZXJ5/;
  expect(list).not.toMatch(secret);
  expect(logOf(stateDir)).not.toMatch(secret);
});

test("Cloudflare's Email Service is there to be chosen, and says that this deployment does not have it", async () => {
  const body = { channel: "email", provider: "cloudflare-email", name: "Cloudflare", priority: 97, credentials: {} };
  const answer = await connect({ ...body, settings: { from: "shop@example.com" } });
  expect(answer).toMatchObject({ status: 201, body: { verification: { ok: false, code: "cannot_open" } } });
});
