import { expect, test } from "vitest";
import { hashText, shareOf } from "./share.ts";

test("is the same for the same text, and another for texts that differ in one place", () => {
  expect(shareOf("rtp_1", "ab")).toBe(shareOf("rtp_1", "ab"));
  expect(shareOf("rtp_1a", "b")).not.toBe(shareOf("rtp_1", "ab"));
  expect(hashText("email:ada@example.com")).toMatch(/^[0-9a-f]{8}$/);
});

/** Chi-square of ten buckets: above 27.9 once in a thousand. */
function chiSquare(shares: readonly number[]): number {
  const counts = Array.from({ length: 10 }, (_, i) => shares.filter((s) => Math.floor(s * 10) === i).length);
  const mean = shares.length / 10;
  return counts.reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0);
}

test.each([
  ["numbers that follow each other", (i: number) => shareOf("rtp_01", `+4477009${String(i).padStart(5, "0")}`)],
  ["addresses of one domain", (i: number) => shareOf("rtp_01", `user${i}@example.com`)],
  ["lots of one recipient", (i: number) => shareOf(`rtp_${i}`, "ada@example.com")],
  ["hashes of recipients", (i: number) => shareOf("rtp_01", hashText(`email:user${i}@example.com`))],
])("%s come out evenly in [0, 1)", (_, share) => {
  const shares = Array.from({ length: 20_000 }, (_, i) => share(i));
  expect(shares.every((s) => s >= 0 && s < 1)).toBe(true);
  expect(chiSquare(shares)).toBeLessThan(27.9);
});
