import { describe, expect, it } from "vitest";
import { Lru } from "./lru.ts";

describe("Lru", () => {
  it("drops what was used longest ago", () => {
    const lru = new Lru<number>({ maxEntries: 2 });
    lru.set("a", 1);
    lru.set("b", 2);
    lru.get("a");
    lru.set("c", 3);
    expect([lru.get("a"), lru.get("b"), lru.get("c")]).toEqual([1, undefined, 3]);
  });

  it("stays within its weight, and counts a replaced entry once", () => {
    const lru = new Lru<number>({ maxEntries: 100, maxWeight: 10 });
    for (let i = 0; i < 5; i++) lru.set("a", i, 6);
    lru.set("b", 1, 4);
    expect(lru.size).toBe(2);
    lru.set("c", 1, 1);
    expect([lru.get("a"), lru.get("b"), lru.get("c")]).toEqual([undefined, 1, 1]);
    lru.set("d", 1, 11);
    expect(lru.get("d")).toBeUndefined();
  });
});
