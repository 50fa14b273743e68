import { beforeAll, expect, it } from "vitest";
import type { Signal } from "../contract/jobs.ts";
import { newId, parseMessageId } from "../core/ids.ts";
import { eventually, makeWorld, type World } from "../testing/world.ts";
import { record } from "./record.ts";

let world: World;

beforeAll(async () => {
  world = await makeWorld();
});

interface Read {
  readonly status: string;
  readonly events: readonly { readonly type: string }[];
}

async function read(id: string): Promise<Read> {
  return (await world.call("GET", `/v1/messages/${id}`)).json();
}

/** A message that the sandbox took and never speaks of again. */
async function sent(): Promise<string> {
  const response = await world.call("POST", "/v1/send", {
    body: {
      to: [{ channel: "chat", destination: `fail:silent:${newId("x", Date.now(), world.deps.random)}` }],
      content: { chat: { text: "Hi" } },
    },
  });
  const { message_ids } = await response.json<{ message_ids: [string] }>();
  await eventually(async () => (await read(message_ids[0])).status === "sent");
  return message_ids[0];
}

function signal(message_id: string, type: Signal["type"], key: string): Signal {
  return { message_id, type, key, at: Date.now() };
}

async function tell(id: string, signals: readonly Signal[]): Promise<readonly string[]> {
  await record(world.deps, world.tenantId, parseMessageId(id)?.dbShard ?? -1, signals);
  return (await read(id)).events.map(({ type }) => type);
}

it("keeps a signal once, though it comes twice in one batch and again in the next", async () => {
  const id = await sent();
  const before = (await read(id)).events.map(({ type }) => type);
  const delivered = signal(id, "delivered", "delivered:1");
  expect(await tell(id, [delivered, delivered])).toEqual([...before, "delivered"]);
  expect(await tell(id, [delivered])).toEqual([...before, "delivered"]);
  expect((await read(id)).status).toBe("delivered");
});

it("keeps what comes again as another signal, and never moves a status back", async () => {
  const id = await sent();
  const before = (await read(id)).events.map(({ type }) => type);
  const signals = [signal(id, "clicked", "c1"), signal(id, "clicked", "c2"), signal(id, "sent", "s2")];
  expect(await tell(id, signals)).toEqual([...before, "clicked", "clicked", "sent"]);
  expect((await read(id)).status).toBe("delivered");
});
