import { expect, test } from "vitest";
import type { AcceptRequest, AcceptResult } from "../ports/gate.ts";
import { CoalescingGate } from "./coalescing-gate.ts";

const request = (requestId: string): AcceptRequest => ({
  requestId,
  keyId: "key_1",
  limits: { tenant: { ratePerSecond: 1, burst: 1 }, key: null, monthlyMessages: null, criticalExempt: true },
  critical: false,
  dbShards: [0],
  idempotency: null,
  echo: "",
  items: [{ lane: "standard", dueAt: 0, count: 1, text: "}", dedupe: null }],
});

const result = (requestId: string): AcceptResult => ({
  kind: "accepted",
  replayed: false,
  requestId,
  echo: "",
  items: [],
  rate: null,
});

/** A gate that answers when it is told to, and remembers what it was asked. */
function slowGate() {
  const calls: { ids: string[]; answer: () => void; fail: (error: Error) => void }[] = [];
  const clock = { now: 0 };
  const gate = new CoalescingGate(
    (requests) => {
      const { promise, resolve, reject } = Promise.withResolvers<AcceptResult[]>();
      const ids = requests.map((r) => r.requestId);
      calls.push({ ids, answer: () => resolve(ids.map(result)), fail: reject });
      return promise;
    },
    () => undefined,
    () => clock.now,
  );
  return { gate, calls, clock };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test("an accept that comes alone goes out at once", async () => {
  const { gate, calls } = slowGate();
  const one = gate.accept(request("a"));
  expect(calls.map((c) => c.ids)).toEqual([["a"]]);
  calls[0]?.answer();
  expect(await one).toEqual(result("a"));
});

test("accepts that come while calls are under way go out together, and each gets its own answer", async () => {
  const { gate, calls } = slowGate();
  const ids = Array.from({ length: 40 }, (_, i) => `r${i}`);
  const answers = ids.map((id) => gate.accept(request(id)));
  expect(calls.map((c) => c.ids)).toEqual([["r0"]]);
  calls[0]?.answer();
  await settled();
  expect(calls[1]?.ids).toEqual(ids.slice(1));
  calls[1]?.answer();
  expect(await Promise.all(answers)).toEqual(ids.map(result));
});

test("a gate that is far away gets a second call while the first is on its way", async () => {
  const { gate, calls, clock } = slowGate();
  const answers = [gate.accept(request("a")), gate.accept(request("b"))];
  clock.now = 25;
  answers.push(gate.accept(request("c")), gate.accept(request("d")));
  expect(calls.map((c) => c.ids)).toEqual([["a"], ["c", "b"]]);
  calls[1]?.answer();
  await settled();
  expect(calls[2]?.ids).toEqual(["d"]);
  calls[0]?.answer();
  calls[2]?.answer();
  expect(await Promise.all(answers)).toEqual(["a", "b", "c", "d"].map(result));
});

test("no request is ever asked twice, whatever the order of answers", async () => {
  const { gate, calls, clock } = slowGate();
  const answers: Promise<AcceptResult>[] = [];
  const ids: string[] = [];
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 5; i++) {
      clock.now += 15;
      ids.push(`${round}.${i}`);
      answers.push(gate.accept(request(`${round}.${i}`)));
    }
    await settled();
    // The later call is answered first, so that a hand-over and a running call meet.
    for (const call of [...calls].reverse()) call.answer();
    await settled();
  }
  for (let i = 0; i < 5; i++) {
    for (const call of calls) call.answer();
    await settled();
  }
  expect((await Promise.all(answers)).map((r) => (r.kind === "accepted" ? r.requestId : "")).sort()).toEqual([...ids].sort());
  expect(calls.flatMap((c) => c.ids).sort()).toEqual([...ids].sort());
});

test("a failed call fails those that it carried, and the next ones go on", async () => {
  const { gate, calls } = slowGate();
  const first = gate.accept(request("a"));
  const second = gate.accept(request("b"));
  const third = gate.accept(request("c"));
  calls[0]?.fail(new Error("gone"));
  await expect(first).rejects.toThrow("gone");
  await settled();
  calls[1]?.answer();
  expect(await second).toEqual(result("b"));
  expect(await third).toEqual(result("c"));
});
