import { describe, expect, it } from "vitest";
import { DEFAULT_TIMING, parseTiming } from "./timing.ts";

describe("timing", () => {
  it("is what it is by default where nothing is set", () => {
    expect(parseTiming(undefined)).toBe(DEFAULT_TIMING);
    expect(parseTiming("")).toBe(DEFAULT_TIMING);
  });

  it("takes what is set and leaves the rest", () => {
    expect(parseTiming('{"sweepEveryMs":500}')).toEqual({ ...DEFAULT_TIMING, sweepEveryMs: 500 });
  });

  it.each([
    ["a name that it does not have", '{"sweepMs":500}'],
    ["a time that is none", '{"leaseMs":"45s"}'],
    ["no time at all", '{"leaseMs":0}'],
    ["what is no JSON", "fast"],
  ])("refuses %s", (_, json) => {
    expect(() => parseTiming(json)).toThrow();
  });

  it("refuses a lease that a fetch could outlive", () => {
    expect(() => parseTiming('{"leaseMs":30000}')).toThrow("within leaseMs");
    expect(() => parseTiming('{"leaseMs":3000,"startWithinMs":1000,"carryWithinMs":1500}')).not.toThrow();
  });
});
