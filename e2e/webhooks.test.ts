/** Callbacks to customers, through the three Workers and over the network. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, email, send } from "./client.ts";
import { cleanUp, launch, makeStateDir, type Server, until } from "./harness.ts";
import { type Customer, type Event, startCustomer } from "./mocks/customer.ts";

const stateDir = makeStateDir();
let server: Server;
let customer: Customer;

beforeAll(async () => {
  [server, customer] = await Promise.all([launch({ stateDir }), startCustomer()]);
});
afterAll(async () => {
  cleanUp();
  await customer.close();
});

interface Endpoint {
  readonly id: string;
  readonly secret: string;
}

async function endpoint(path: string, events: readonly string[] = ["message.*"]): Promise<Endpoint> {
  const { status, body } = await call(server, "POST", "/v1/webhooks", { url: customer.url + path, events });
  expect(status, JSON.stringify(body)).toBe(201);
  const made = body as Endpoint;
  customer.trust(path, made.secret);
  return made;
}

const at = (path: string): readonly Event[] => customer.events.filter((event) => event.path === path);
const of = (path: string, message: string | undefined): string[] =>
  at(path)
    .filter(({ data }) => data.message_id === message)
    .map(({ type }) => type);

test("a customer hears of a message from its start to its delivery, signed, within seconds, and nothing twice", async () => {
  await endpoint("/story");
  const sentAt = Date.now();
  const [message] = await send(server, email("story"));
  await until(() => (of("/story", message).includes("message.delivered") ? true : undefined), 20_000);
  expect(of("/story", message)).toEqual(expect.arrayContaining(["message.queued", "message.delivered"]));
  expect(new Set(of("/story", message)).size).toBe(of("/story", message).length);
  expect(Math.max(...at("/story").map((event) => event.at)) - sentAt).toBeLessThan(15_000);
  expect(customer.forged).toEqual([]);
});

test("slow, redirecting, failing and endless customers hold up nobody; an answer that never ends is an answer", async () => {
  const ways = { "/hang": { kind: "hang" }, "/endless": { kind: "endless" } } as const;
  for (const [path, manner] of Object.entries(ways)) {
    await endpoint(path, ["message.queued"]);
    customer.behave(path, manner);
  }
  const moved = await endpoint("/moved", ["message.queued"]);
  customer.behave("/moved", { kind: "answer", status: 307, headers: { location: `${customer.url}/elsewhere` } });
  await endpoint("/well", ["message.queued"]);
  const ids = (await Promise.all(Array.from({ length: 10 }, (_, n) => send(server, email(`crowd ${n}`))))).flat();
  await until(() => (ids.every((id) => of("/well", id).length > 0) ? true : undefined), 10_000);
  await until(() => (ids.every((id) => of("/endless", id).length > 0) ? true : undefined), 20_000);
  const listed = await call(server, "GET", `/v1/webhooks/${moved.id}/deliveries?limit=100`);
  const { data } = listed.body as { data: { attempts: { status: number; error: string }[] }[] };
  expect(data.flatMap(({ attempts }) => attempts).every(({ status }) => status === 307)).toBe(true);
  expect(at("/elsewhere")).toEqual([]);
  for (const path of Object.keys(ways)) customer.behave(path, null);
  expect(customer.forged).toEqual([]);
});

test("a secret is rotated without an event that either the old or the new one does not verify", async () => {
  const { id, secret } = await endpoint("/rotated", ["message.queued"]);
  const rotated = await call(server, "POST", `/v1/webhooks/${id}/rotate-secret`, { overlap_seconds: 3600 });
  const fresh = (rotated.body as { secret: string }).secret;
  for (const known of [secret, fresh]) {
    customer.trust("/rotated", known);
    const [message] = await send(server, email("rotated"));
    await until(() => (of("/rotated", message).length > 0 ? true : undefined), 10_000);
  }
  expect(customer.forged).toEqual([]);
});

test("a message's own callback_url hears of it, signed with the project's secret; a test post is answered at once", async () => {
  const secret = ((await call(server, "POST", `/v1/projects/${server.projectId}/callback-secret`, {})).body as Endpoint).secret;
  customer.trust("/own", secret);
  const [message] = await send(server, { ...email("own"), callback_url: `${customer.url}/own` });
  await until(() => (of("/own", message).includes("message.delivered") ? true : undefined), 20_000);
  const tested = await call(server, "POST", "/v1/webhooks/test", { url: `${customer.url}/own` });
  expect(tested.body).toMatchObject({ delivered: true, attempt: { status: 200 } });
  expect(customer.forged).toEqual([]);
});

test("what was not posted when the power went is posted after the start: rows are the truth", async () => {
  await endpoint("/power", ["message.queued"]);
  customer.behave("/power", { kind: "hang" });
  const ids = (await Promise.all(Array.from({ length: 5 }, (_, n) => send(server, email(`power ${n}`))))).flat();
  await until(() => (at("/power").length > 0 ? true : undefined), 10_000);
  await server.kill();
  customer.behave("/power", null);
  server = await launch({ stateDir });
  const taken = () => new Set(at("/power").flatMap(({ isTaken, data }) => (isTaken ? [data.message_id] : [])));
  await until(() => (ids.every((id) => taken().has(id)) ? true : undefined), 150_000);
  expect(customer.forged).toEqual([]);
}, 200_000);
