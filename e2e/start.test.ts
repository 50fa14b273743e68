import { statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, email, isDelivered, read, send, waitFor } from "./client.ts";
import { cleanUp, isGone, launch, launchInVain, makeStateDir, type Server, sh } from "./harness.ts";

const stateDir = makeStateDir();
let server: Server;

beforeAll(async () => {
  server = await launch({ stateDir });
});
afterAll(cleanUp);

test("a start prints where it is, its keys and one command, and nothing else", () => {
  const id = "[0-9A-HJKMNP-TV-Z]";
  expect(server.printed().split("\n")).toEqual([
    expect.stringMatching(/^ready http:\/\/127\.0\.0\.1:\d+$/),
    expect.stringMatching(new RegExp(`^project +prj_${id}{26}$`)),
    expect.stringMatching(new RegExp(`^live key +ck_live_${id}{32}$`)),
    expect.stringMatching(new RegExp(`^test key +ck_test_${id}{32}$`)),
    expect.stringMatching(new RegExp(`^operator key +ck_operator_${id}{32}$`)),
    expect.stringMatching(/^sandbox page +http:/),
    expect.stringMatching(/^curl /),
    "",
  ]);
});

test("the printed command works as it stands: both messages are delivered, with their whole story", async () => {
  const { code, stdout } = await sh(server.curl);
  expect(code).toBe(0);
  const { message_ids: ids } = JSON.parse(stdout) as { message_ids: string[] };
  const messages = await waitFor(server, ids, isDelivered, 30_000);
  expect(messages.map((m) => m.channel).sort()).toEqual(["email", "sms"]);
  for (const { events, deliveries } of messages) {
    expect(events.map((e) => e.type)).toEqual(["queued", "attempted", "sent", "delivered"]);
    expect(deliveries.map((d) => d.attempts.map((a) => [a.provider, a.outcome]))).toEqual([[["sandbox", "sent"]]]);
  }
});

test("what a simulation says is what a send does, and what its explanation says, over the real Workers", async () => {
  const body = email("explained");
  const simulated = await call(server, "POST", "/v1/simulate", body);
  expect(simulated.status).toBe(200);
  const { data } = simulated.body as { data: { would_send: boolean; deliveries: { connection_id: string }[] }[] };
  expect(data.map((one) => one.would_send)).toEqual([true]);
  const [id = ""] = await send(server, body);
  await waitFor(server, [id], isDelivered, 30_000);
  const explained = await call(server, "GET", `/v1/messages/${id}/explain`);
  expect(explained.status).toBe(200);
  const { deliveries } = explained.body as { deliveries: { summary: string; attempts: { connection_id: string }[] }[] };
  expect(deliveries[0]?.attempts.map((a) => a.connection_id)).toEqual([data[0]?.deliveries[0]?.connection_id]);
  expect(deliveries[0]?.summary).toContain("at the first try; delivered at");
});

test("a message that waits is considered by the dispatcher at the api's asking", async () => {
  const [id = ""] = await send(server, { ...email("later"), schedule_at: "2040-01-01T00:00:00Z" });
  const { status, body } = await call(server, "GET", `/v1/messages/${id}/explain`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ deliveries: [{ waiting: { for: "schedule" }, now: { verdict: "go", provider: "sandbox" } }] });
});

test("the sandbox page is there", async () => {
  const response = await fetch(server.sandboxUrl);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^text\/html/);
});

test("the operator key opens what is the operator's, and a project's key does not", async () => {
  const asOperator = await call({ ...server, liveKey: server.operatorKey }, "GET", "/admin/tenants");
  expect(asOperator.status).toBe(200);
  expect((await call(server, "GET", "/admin/tenants")).status).toBe(401);
});

test("secrets can be read by their owner only", () => {
  expect(statSync(join(stateDir, "secrets.json")).mode & 0o777).toBe(0o600);
});

test("a second start on the same folder says so in one line and leaves the first alone", async () => {
  const { code, printed } = await launchInVain({ stateDir });
  expect({ code, printed }).toEqual({ code: 1, printed: expect.stringMatching(/^another Carillon runs on .*\n$/) });
  expect((await fetch(server.url)).status).toBeLessThan(500);
});

test("a port in use is told in one line", async () => {
  const squatter = createServer();
  const port = await new Promise<number>((done) => {
    squatter.listen(0, "127.0.0.1", () => done((squatter.address() as { port: number }).port));
  });
  const { code, printed } = await launchInVain({ stateDir: makeStateDir(), port });
  squatter.close();
  expect({ code, printed }).toEqual({ code: 1, printed: expect.stringMatching(new RegExp(`^port ${port} is in use.*\\n$`)) });
});

test("a port that is none is told in one line", async () => {
  const { code, printed } = await launchInVain({ stateDir: makeStateDir(), env: { PORT: "eighty" } });
  expect({ code, printed }).toEqual({ code: 1, printed: expect.stringMatching(/^PORT must be a number.*\n$/) });
});

test("Ctrl-C leaves no process, and a start afterwards finds keys and messages as they were", async () => {
  const [id = ""] = await send(server, email("before Ctrl-C"));
  await waitFor(server, [id], isDelivered, 30_000);
  expect(await server.interrupt()).toEqual({ code: 0, signal: null });
  await isGone(server, stateDir);

  const { liveKey, testKey, operatorKey, projectId } = server;
  server = await launch({ stateDir });
  expect(server).toMatchObject({ liveKey, testKey, operatorKey, projectId });
  expect((await read(server, id)).status).toBe("delivered");
});

test("npm start passes Ctrl-C on, and what it started goes when it is killed alone", async () => {
  const dir = makeStateDir();
  const first = await launch({ stateDir: dir, isByNpm: true });
  expect(await first.interrupt()).toEqual({ code: 0, signal: null });
  await isGone(first, dir);
  const second = await launch({ stateDir: dir, isByNpm: true });
  process.kill(second.pid, "SIGKILL");
  await isGone(second, dir);
});
