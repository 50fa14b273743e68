import { beforeAll, describe, expect, test } from "vitest";
import { parseMessageId } from "../../../../src/shared/core/ids.ts";
import { eventually, makeWorld, type World } from "../../../../src/shared/testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld({ gateShards: 3 });
});

const ada = { channel: "email", destination: "ada@example.com" };
const email = (over: object = {}) => ({ to: [ada], content: { email: { subject: "S", text: "T" } }, ...over });

interface Shown {
  readonly status: string;
  readonly ordering_key: string | null;
  readonly deliveries: readonly { readonly after: string | null }[];
}

async function send(body: object, headers: Record<string, string> = {}, w = world): Promise<string> {
  const response = await w.call("POST", "/v1/send", { body: email(body), headers });
  expect(response.status, await response.clone().text()).toBe(202);
  return ((await response.json()) as { message_ids: string[] }).message_ids[0] ?? "";
}

async function read(id: string, w = world): Promise<Shown> {
  const response = await w.call("GET", `/v1/messages/${id}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Shown;
}
const afterOf = async (id: string, w = world) => (await read(id, w)).deliveries[0]?.after ?? null;

/** Ids of a batch, item by item. */
async function batch(body: object, headers: Record<string, string> = {}) {
  const response = await world.call("POST", "/v1/batch", { body, headers });
  expect(response.status, await response.clone().text()).toBe(202);
  const { data } = (await response.json()) as {
    data: { message_ids?: string[]; status: string; error?: { code: string; errors?: { path: string }[] } }[];
  };
  return { data, ids: data.map((item) => item.message_ids?.[0] ?? ""), replayed: response.headers.get("idempotent-replayed") };
}

describe("messages of one ordering_key to one recipient", () => {
  test("know the one before them, from the 202 on; other keys and recipients do not come between", async () => {
    const a = await send({ ordering_key: "order-1" });
    await send({ ordering_key: "order-2" });
    await send({ ordering_key: "order-1", to: [{ ...ada, destination: "bob@example.com" }] });
    await send({});
    const b = await send({ ordering_key: "order-1", priority: "critical" });
    expect([await afterOf(a), await afterOf(b)]).toEqual([null, a]);
    expect(await read(b)).toMatchObject({ ordering_key: "order-1" });
  });

  test("share a gate and a database, over all gates and databases for many keys", async () => {
    const places = await Promise.all(
      Array.from({ length: 24 }, async (_, i) => {
        const ids = [await send({ ordering_key: `key-${i}` }), await send({ ordering_key: `key-${i}` })];
        const [one, two] = ids.map((id) => parseMessageId(id));
        expect([two?.gateShard, two?.dbShard]).toEqual([one?.gateShard, one?.dbShard]);
        return one;
      }),
    );
    expect(new Set(places.map((place) => place?.gateShard)).size).toBe(3);
    expect(new Set(places.map((place) => place?.dbShard)).size).toBe(2);
  });

  test("make one chain when they come at the same time", async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => send({ ordering_key: "at-once" })));
    const sorted = [...ids].sort();
    const after = await Promise.all(sorted.map((id) => afterOf(id)));
    expect(after).toEqual([null, ...sorted.slice(0, -1)]);
  });

  test("come to their ends in order", async () => {
    const w = await makeWorld();
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push(await send({ ordering_key: "k" }, {}, w));
    const messages = await eventually(async () => {
      const all = await Promise.all(ids.map((id) => read(id, w) as Promise<Shown & { events: { type: string; at: string }[] }>));
      return all.every((m) => m.status === "delivered") && all;
    }, 18_000);
    const sentAt = messages.map((m) => m.events.find((e) => e.type === "sent")?.at ?? "");
    expect(sentAt).toEqual([...sentAt].sort());
  });

  test("a repeat with its idempotency key is a replay, and moves nothing", async () => {
    const key = { "idempotency-key": "once" };
    const a = await send({ ordering_key: "replayed" }, key);
    expect(await send({ ordering_key: "replayed" }, key)).toBe(a);
    expect(await afterOf(await send({ ordering_key: "replayed" }))).toBe(a);
  });

  test("a message that is sent again by hand goes by itself", async () => {
    const a = await send({ ordering_key: "again", dedupe_window_seconds: 3600 });
    await eventually(async () => (await read(a)).status === "delivered");
    const response = await world.call("POST", `/v1/messages/${a}/resend`);
    const [copy] = ((await response.json()) as { message_ids: string[] }).message_ids;
    const shown = await eventually(async () => {
      const message = await read(copy ?? "");
      return message.status === "delivered" && message;
    });
    expect(shown).toMatchObject({ ordering_key: null, deliveries: [{ after: null }] });
    expect(await afterOf(await send({ ordering_key: "again" }))).toBe(a);
  });
});

describe("a batch", () => {
  test("of recipients chains each with its own, and those that stand in it twice with themselves", async () => {
    const bob = { channel: "email", destination: "bob@example.com" };
    const { to: _, ...words } = email({ ordering_key: "recipients" });
    const first = await batch({ ...words, recipients: [ada, bob] });
    const second = await batch({ ...words, recipients: [bob, ada, ada] });
    const after = await Promise.all(second.ids.map((id) => afterOf(id)));
    expect(after).toEqual([first.ids[1], first.ids[0], second.ids[1]]);
  });

  test("of sends with the keys of several gates is accepted item by item, and replays as a whole", async () => {
    const sends = [
      ...Array.from({ length: 9 }, (_, i) => email({ ordering_key: `batch-${i % 5}`, tags: [`${i}`] })),
      email(),
      { to: [] },
      email({ ordering_key: "batch-0", schedule_at: "2040-01-01T00:00:00Z" }),
    ];
    const key = { "idempotency-key": "batch-of-keys" };
    const first = await batch({ sends }, key);
    expect(first.data.map((item) => item.status)).toEqual([...sends.slice(0, 10).map(() => "accepted"), "rejected", "rejected"]);
    const after = await Promise.all(first.ids.slice(0, 10).map((id) => afterOf(id)));
    expect(after).toEqual([null, null, null, null, null, ...first.ids.slice(0, 4), null]);
    expect(new Set(first.ids.slice(0, 9).map((id) => parseMessageId(id)?.gateShard)).size).toBeGreaterThan(1);
    const tags = await Promise.all(
      first.ids.slice(0, 9).map(async (id) => ((await read(id)) as unknown as { tags: string[] }).tags[0]),
    );
    expect(tags).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8"]);

    const again = await batch({ sends }, key);
    expect(again.replayed).toBe("true");
    expect(again.data).toEqual(first.data);
  });

  test("whose later gate refuses says so of that gate's items, and a repeat of it sends the others once", async () => {
    const keys = Array.from({ length: 6 }, (_, i) => `refused-${i}`);
    let refusing = true;
    const asked = new Set<number>();
    const real = world.deps.gate;
    const w = await makeWorld({
      gateShards: 3,
      deps: {
        gate: (tenantId, shard) => {
          asked.add(shard);
          const gate = real(tenantId, shard);
          return refusing && asked.size > 1 && [...asked].indexOf(shard) === 1
            ? new Proxy(gate, {
                get: (target, name) => {
                  if (name === "accept") return () => Promise.reject(new Error("away"));
                  return Reflect.get(target, name) as unknown;
                },
              })
            : gate;
        },
      },
    });
    const ask = async () => {
      const response = await w.call("POST", "/v1/batch", {
        body: { sends: keys.map((ordering_key) => email({ ordering_key })), deduplication_key: "refused" },
      });
      expect(response.status).toBe(202);
      return (await response.json()) as {
        accepted: number;
        data: { status: string; message_ids?: string[]; error?: { code: string } }[];
      };
    };
    const first = await ask();
    const refused = first.data.filter((item) => item.status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(keys.length);
    for (const item of refused) expect(item.error?.code).toBe("unavailable");
    refusing = false;
    const second = await ask();
    expect(second.accepted).toBe(keys.length);
    for (const [i, item] of first.data.entries()) {
      if (item.status === "accepted") expect(second.data[i]?.message_ids).toEqual(item.message_ids);
    }
  });
});

test("what cannot be ordered is refused, with the place", async () => {
  const paths = async (over: object) => {
    const response = await world.call("POST", "/v1/send", { body: email(over) });
    expect(response.status).toBe(422);
    return ((await response.json()) as { errors: { path: string }[] }).errors.map((e) => e.path);
  };
  expect(await paths({ ordering_key: "k", schedule_at: "2040-01-01T00:00:00Z" })).toEqual(["schedule_at"]);
  expect(await paths({ ordering: "skip" })).toEqual(["ordering"]);
  expect(await paths({ ordering_key: "x".repeat(129) })).toEqual(["ordering_key"]);
  expect(await paths({ dedupe_window_seconds: 604_801 })).toEqual(["dedupe_window_seconds"]);
  const { to: _, ...words } = email({ ordering_key: "k", schedule_at: "2040-01-01T00:00:00Z" });
  expect((await world.call("POST", "/v1/batch", { body: { ...words, recipients: [ada] } })).status).toBe(422);
});
