/** Twilio's own calculator as judge of how texts are counted. */
import fc from "fast-check";
import { SegmentedMessage } from "sms-segments-calculator";
import { describe, expect, test } from "vitest";
import { smsSize, tooManySegments } from "./sms.ts";

const judged = (text: string) => {
  const message = new SegmentedMessage(text);
  return { encoding: message.encodingName, segments: message.segmentsCount };
};
const counted = (text: string) => {
  const { encoding, segments } = smsSize(text);
  return { encoding, segments };
};

describe("the size of a text over SMS", () => {
  test.each([
    ["nothing", "", "GSM-7", 1, 0],
    ["a full message", "a".repeat(160), "GSM-7", 1, 160],
    ["one character more", "a".repeat(161), "GSM-7", 2, 161],
    ["two full parts", "a".repeat(306), "GSM-7", 2, 306],
    ["one character more than two parts", "a".repeat(307), "GSM-7", 3, 307],
    ["extension characters, which take two", "€".repeat(80), "GSM-7", 1, 160],
    ["one of them more", "€".repeat(81), "GSM-7", 2, 162],
    ["one of them where a part has room for half of it", `${"a".repeat(152)}€${"a".repeat(152)}`, "GSM-7", 3, 306],
    ["the form feed and the carriage return", "a\f\r\n", "GSM-7", 1, 5],
    ["capital Ç, which GSM has", "Ç", "GSM-7", 1, 1],
    ["small ç, which it has not", "ç", "UCS-2", 1, 1],
    ["one quotation mark that a word processor made", `${"a".repeat(70)}“`, "UCS-2", 2, 71],
    ["a tab", "\t", "UCS-2", 1, 1],
    ["a full message of another script", "й".repeat(70), "UCS-2", 1, 70],
    ["one character more of it", "й".repeat(71), "UCS-2", 2, 71],
    ["two full parts of it", "й".repeat(134), "UCS-2", 2, 134],
    ["one more than two parts of it", "й".repeat(135), "UCS-2", 3, 135],
    ["surrogate pairs that fill one message", "😀".repeat(35), "UCS-2", 1, 70],
    ["surrogate pairs, which a part of 67 holds 33 of", "😀".repeat(67), "UCS-2", 3, 134],
    ["a pair where a part has room for half of it", `${"й".repeat(66)}😀${"й".repeat(66)}`, "UCS-2", 3, 134],
    ["half a pair", "\ud800a", "UCS-2", 1, 2],
  ])("counts %s", (_, text, encoding, segments, units) => {
    expect(smsSize(text)).toEqual({ encoding, segments, units });
    expect(judged(text)).toEqual({ encoding, segments });
  });

  test("is what Twilio's calculator says, over many texts", () => {
    const gsm = fc.constantFrom(..."abc XYZ\n09@£éÇØ\f^{}[~]|€\\");
    const wide = fc.constantFrom(..."abcйשת你“", "😀", "𝕏");
    const texts = fc.oneof(
      fc.array(gsm, { maxLength: 700 }).map((all) => all.join("")),
      fc.array(wide, { maxLength: 300 }).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(counted(text)).toEqual(judged(text));
      }),
      { numRuns: 300 },
    );
  });

  test("counts what is in a cluster longer than a part, which that calculator takes for one character", () => {
    const letter = `e${"\u0301".repeat(500)}`;
    expect(smsSize(letter)).toEqual({ encoding: "UCS-2", segments: 8, units: 501 });
    expect(judged(letter).segments).toBe(2);
  });

  test("is said where it is over the limit", () => {
    expect(tooManySegments("a".repeat(306), 2)).toBeNull();
    expect(tooManySegments("a".repeat(307), 2)).toBe(
      "It would take 3 SMS segments (307 units of GSM-7), and at most 2 are allowed.",
    );
  });
});
