import fc from "fast-check";
import { expect, test } from "vitest";
import { type Evidence, learnedOrder, likelihoodOf } from "./engagement.ts";

const addresses = [
  { channel: "email", destination: "ada@example.com" },
  { channel: "push", destination: "t-1" },
] as const;
const NONE: Evidence = { tried: 0, answered: 0 };

test("more answers make more likely, more silences less, and much evidence leaves little doubt", () => {
  const counts = fc.record({ tried: fc.nat(200), share: fc.double({ min: 0, max: 1, noNaN: true }) });
  fc.assert(
    fc.property(counts, counts, (own, of) => {
      const address = { tried: own.tried, answered: Math.floor(own.tried * own.share) };
      const channel = { tried: of.tried, answered: Math.floor(of.tried * of.share) };
      const { mean, deviation } = likelihoodOf(address, channel);
      expect(mean).toBeGreaterThan(0);
      expect(mean).toBeLessThan(1);
      expect(likelihoodOf({ tried: address.tried + 1, answered: address.answered + 1 }, channel).mean).toBeGreaterThan(mean);
      expect(likelihoodOf({ tried: address.tried + 1, answered: address.answered }, channel).mean).toBeLessThan(mean);
      expect(deviation).toBeLessThan(0.5);
    }),
  );
  expect(likelihoodOf({ tried: 1000, answered: 500 }, NONE).deviation).toBeLessThan(0.02);
});

test("the same message always has the same order; where one always answers, it comes first for nearly all", () => {
  const known = new Map([
    ["push:t-1", { tried: 50, answered: 45 }],
    ["email:ada@example.com", { tried: 50, answered: 5 }],
  ]);
  const first = Array.from({ length: 200 }, (_, i) => learnedOrder(`msg_${i}`, addresses, known)[0]?.channel);
  expect(first.every((channel) => channel === "push")).toBe(true);
  expect(learnedOrder("msg_1", addresses, new Map())).toEqual(learnedOrder("msg_1", addresses, new Map()));
});

test("where nothing is known, each has its turn", () => {
  const first = Array.from({ length: 400 }, (_, i) => learnedOrder(`msg_${i}`, addresses, new Map())[0]?.channel);
  const pushes = first.filter((channel) => channel === "push").length;
  expect(pushes).toBeGreaterThan(120);
  expect(pushes).toBeLessThan(280);
});
