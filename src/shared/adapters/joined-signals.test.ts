import { expect, it } from "vitest";
import type { Signal, SignalPack } from "../contract/jobs.ts";
import { joinedSignals } from "./joined-signals.ts";
import { queueRinger } from "./queue-ringer.ts";

const signal = (key: string, over: Partial<Signal> = {}): Signal => ({
  message_id: "msg_1",
  key,
  type: "delivered",
  at: 1,
  ...over,
});

/** A queue that takes each message when it is told to. */
function slowQueue() {
  const sent: { keys: string[]; tenant: string; shard: number; take: (error?: Error) => void }[] = [];
  const send = (pack: SignalPack) =>
    new Promise<void>((resolve, reject) => {
      const take = (error?: Error) => (error ? reject(error) : resolve());
      sent.push({ keys: pack.signals.map(({ key }) => key), tenant: pack.tenant, shard: pack.shard, take });
    });
  const { signal } = queueRinger(() => ({}) as never, { send } as unknown as Queue<SignalPack>);
  return {
    sent,
    ring: joinedSignals(
      () => undefined,
      () => 0,
    )(signal),
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

it("sends what comes alone at once, and what comes meanwhile together; each is kept waiting until its own are taken", async () => {
  const { sent, ring } = slowQueue();
  const done: string[] = [];
  for (const key of ["a", "b", "c", "d"]) void ring("ten_1", 0, [signal(key)]).then(() => done.push(key));
  const others = [ring("ten_1", 1, [signal("e")]), ring("ten_2", 0, [signal("f")])];
  await turn();
  expect(sent.map(({ tenant, shard, keys }) => [tenant, shard, keys])).toEqual([
    ["ten_1", 0, ["a"]],
    ["ten_1", 1, ["e"]],
    ["ten_2", 0, ["f"]],
  ]);
  sent[0]?.take();
  await turn();
  expect(done).toEqual(["a"]);
  expect(sent[3]?.keys.toSorted()).toEqual(["b", "c", "d"]);
  sent[3]?.take();
  await turn();
  expect(done.toSorted()).toEqual(["a", "b", "c", "d"]);
  for (const one of sent) one.take();
  await Promise.all(others);
});

it("tells all of those whose signals were not taken", async () => {
  const { sent, ring } = slowQueue();
  const calls = ["a", "b", "c"].map((key) =>
    ring("ten_1", 0, [signal(key)]).then(
      () => "taken",
      () => "lost",
    ),
  );
  await turn();
  sent[0]?.take();
  await turn();
  sent[1]?.take(new Error("no queue"));
  expect(await Promise.all(calls)).toEqual(["taken", "lost", "lost"]);
});

it("sends no message that the queue would refuse for its size", async () => {
  const packs: SignalPack[] = [];
  const { signal: ring } = queueRinger(() => ({}) as never, {
    send: async (pack: SignalPack) => void packs.push(pack),
  } as unknown as Queue<SignalPack>);
  const many = Array.from({ length: 1000 }, (_, i) => signal(`${i}`, { reason: "ü".repeat(300), code: "c".repeat(100) }));
  await ring("ten_1", 0, many);
  expect(packs.flatMap(({ signals }) => signals)).toEqual(many);
  for (const pack of packs) {
    expect(new TextEncoder().encode(JSON.stringify(pack)).byteLength).toBeLessThan(128_000);
    expect(pack.signals.length).toBeLessThanOrEqual(200);
  }
});
