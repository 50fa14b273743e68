import { expect, test } from "vitest";
import { Coalescer } from "./coalescer.ts";

interface Answer {
  readonly id: string;
}
const result = (id: string): Answer => ({ id });

/** A gate that answers when it is told to, and remembers what it was asked. */
function slowGate() {
  const calls: { ids: string[]; answer: () => void; fail: (error: Error) => void }[] = [];
  const clock = { now: 0 };
  const gate = new Coalescer<string, Answer>({
    call: (questions) => {
      const { promise, resolve, reject } = Promise.withResolvers<Answer[]>();
      const ids = [...questions];
      calls.push({ ids, answer: () => resolve(ids.map(result)), fail: reject });
      return promise;
    },
    size: () => 1,
    keepAlive: () => undefined,
    now: () => clock.now,
  });
  return { gate, calls, clock };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test("an accept that comes alone goes out at once", async () => {
  const { gate, calls } = slowGate();
  const one = gate.ask("a");
  expect(calls.map((c) => c.ids)).toEqual([["a"]]);
  calls[0]?.answer();
  expect(await one).toEqual(result("a"));
});

test("accepts that come while calls are under way go out together, and each gets its own answer", async () => {
  const { gate, calls } = slowGate();
  const ids = Array.from({ length: 40 }, (_, i) => `r${i}`);
  const answers = ids.map((id) => gate.ask(id));
  expect(calls.map((c) => c.ids)).toEqual([["r0"]]);
  calls[0]?.answer();
  await settled();
  expect(calls[1]?.ids).toEqual(ids.slice(1));
  calls[1]?.answer();
  expect(await Promise.all(answers)).toEqual(ids.map(result));
});

test("a gate that is far away gets a second call while the first is on its way", async () => {
  const { gate, calls, clock } = slowGate();
  const answers = [gate.ask("a"), gate.ask("b")];
  clock.now = 25;
  answers.push(gate.ask("c"), gate.ask("d"));
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
  const answers: Promise<Answer>[] = [];
  const ids: string[] = [];
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 5; i++) {
      clock.now += 15;
      ids.push(`${round}.${i}`);
      answers.push(gate.ask(`${round}.${i}`));
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
  expect((await Promise.all(answers)).map((r) => r.id).sort()).toEqual([...ids].sort());
  expect(calls.flatMap((c) => c.ids).sort()).toEqual([...ids].sort());
});

test("a failed call fails those that it carried, and the next ones go on", async () => {
  const { gate, calls } = slowGate();
  const first = gate.ask("a");
  const second = gate.ask("b");
  const third = gate.ask("c");
  calls[0]?.fail(new Error("gone"));
  await expect(first).rejects.toThrow("gone");
  await settled();
  calls[1]?.answer();
  expect(await second).toEqual(result("b"));
  expect(await third).toEqual(result("c"));
});
