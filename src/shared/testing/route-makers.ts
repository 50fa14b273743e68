/** How to make one of each resource, through the API, for the batteries that need an id. Keyed by the path before its first parameter. */
import { ruleOf } from "../core/routing-rule.ts";
import { eventually, OPERATOR_KEY, type World } from "./world.ts";

/** Values of the path's parameters. */
export type Params = Readonly<Record<string, string>>;

const LATER = "2040-01-01T00:00:00Z";
const email = (destination: string, over: object = {}) => ({
  to: [{ channel: "email", destination }],
  content: { email: { subject: "Battery", text: "Battery" } },
  ...over,
});

async function post(world: World, path: string, body: unknown, key = world.liveKey): Promise<Record<string, unknown>> {
  const response = await world.call("POST", path, { body, key });
  if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

/** Sends one message, and answers its id. */
async function sendOne(world: World, body: object): Promise<string> {
  const { message_ids } = await post(world, "/v1/send", body);
  return (message_ids as string[])[0] ?? "";
}

/** The first row of a list that belongs to the message, as soon as there is one. */
async function rowOf(world: World, path: string, messageId: string): Promise<Params> {
  return eventually(async () => {
    const response = await world.call("GET", path);
    const { data } = (await response.json()) as { data: readonly { id: string; message_id: string }[] };
    const row = data.find((one) => one.message_id === messageId);
    return row && { id: row.id };
  }, 15_000);
}

async function upload(world: World): Promise<Record<string, unknown>> {
  const headers = { "content-type": "text/plain" };
  const response = await world.call("POST", "/v1/attachments?filename=battery.txt", {
    body: new TextEncoder().encode("Battery"),
    headers,
  });
  if (!response.ok) throw new Error(`the upload answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

const routingPolicy = () => ({
  name: `Battery ${++serial}`,
  rules: [ruleOf({ category: ["otp"] }, { strategy: "most_reliable" })],
});
const suppression = () => ({ channel: "email", destination: `battery-of-suppressions-${++serial}@example.com` });
const suppressed = ({ channel, destination }: Record<string, unknown>): Params => ({
  channel: String(channel),
  destination: String(destination),
});

const idOf = ({ id }: Record<string, unknown>): Params => ({ id: String(id) });
let serial = 0;

export const MAKERS: Readonly<Record<string, (world: World) => Promise<Params>>> = {
  "/v1/keys/": async (world) => idOf(await post(world, "/v1/keys", { name: "Battery", mode: "live", scopes: ["keys:read"] })),
  "/admin/tenants/": async (world) => {
    const made = await post(world, "/admin/tenants", { name: `Battery ${++serial}` }, OPERATOR_KEY);
    const key = String(made.live_key);
    const { id } = await post(world, "/v1/keys", { name: "Battery", mode: "live" }, key);
    return { id: String(made.tenant_id), key_id: String(id) };
  },
  "/v1/projects/": async (world) => idOf(await post(world, "/v1/projects", { name: `Battery ${++serial}` })),
  "/v1/connections/": async (world) =>
    idOf(await post(world, "/v1/connections", { channel: "email", provider: "sandbox", name: `Battery ${++serial}` })),
  "/v1/routing-policies/": async (world) => idOf(await post(world, "/v1/routing-policies", routingPolicy())),
  "/v1/templates/": async (world) =>
    idOf(await post(world, "/v1/templates", { name: `battery_${++serial}`, content: { sms: { text: "Hi {{ name }}" } } })),
  "/v1/attachments/": async (world) => idOf(await upload(world)),
  "/files/": async (world) => {
    const response = await world.call("GET", `/v1/attachments/${String((await upload(world)).id)}`);
    const { download_url } = (await response.json()) as { download_url: string };
    return { token: download_url.slice(download_url.lastIndexOf("/") + 1) };
  },
  "/v1/webhooks/": async (world) => idOf(await post(world, "/v1/webhooks", { url: `https://customer.test/${++serial}` })),
  "/v1/suppressions/": async (world) => suppressed(await post(world, "/v1/suppressions", suppression())),
  "/admin/suppressions/": async (world) => suppressed(await post(world, "/admin/suppressions", suppression(), OPERATOR_KEY)),
  "/v1/messages/": async (world) => ({ id: await sendOne(world, email("ada@example.com", { schedule_at: LATER })) }),
  "/v1/sandbox/messages/": async (world) =>
    rowOf(world, "/v1/sandbox/messages?limit=100", await sendOne(world, email("ada@example.com"))),
  "/v1/dead-letters/": async (world) =>
    rowOf(world, "/v1/dead-letters?limit=100", await sendOne(world, email("rejected@sandbox.test"))),
};

/** Makes what the path's parameters name; a path that no maker knows fails, and says where to add one. */
export async function makeFor(path: string, world: World): Promise<Params> {
  if (!path.includes("{")) return {};
  const prefix = path.slice(0, path.indexOf("{"));
  const make = MAKERS[prefix];
  if (!make) throw new Error(`src/shared/testing/route-makers.ts does not know how to make one of ${prefix}`);
  return make(world);
}
