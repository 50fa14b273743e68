import { describe, expect, test } from "vitest";
import { countryOf, SMS_COUNTRIES, senderKind, smsRulesFor } from "./sms-countries.ts";

describe("what countries want of an SMS", () => {
  test.each([
    ["+12025550123", "US"],
    ["+14165550123", "CA"],
    ["+18765550123", "JM"],
    ["+447400123456", "GB"],
    ["+447700900123", "GB"],
    ["+77011234567", "KZ"],
    ["+881612345678", null],
    ["no number", null],
  ])("%s is of %s", (destination, country) => {
    expect(countryOf(destination)).toBe(country);
  });

  test.each([
    ["+15550001111", "number"],
    ["12345", "short_code"],
    ["Acme 24", "alphanumeric"],
    ["1ABC", "alphanumeric"],
  ])("%s is a %s", (sender, kind) => {
    expect(senderKind(sender)).toBe(kind);
  });

  test("a name as sender is refused where it is known to be taken nowhere, and there only", () => {
    const refusing = (sender: string) => {
      const samples = { US: "+12025550123", CA: "+14165550123", CN: "+8613812345678", GB: "+447400123456", JP: "+819012345678" };
      return Object.values(samples).flatMap((to) => (smsRulesFor(to, sender).refusal === null ? [] : [countryOf(to)]));
    };
    expect(refusing("ACME")).toEqual(["US", "CA", "CN"]);
    expect(refusing("+15550001111")).toEqual([]);
    expect(refusing("12345")).toEqual([]);
  });

  test("what to know beforehand is said with where it is from", () => {
    expect(smsRulesFor("+919876543210", "ACME").advice).toMatchObject([
      { code: "sender_needs_registration", source: expect.stringContaining("docs.aws.amazon.com") },
      { code: "marketing_hours", message: expect.stringContaining("10:00") },
    ]);
    expect(smsRulesFor("+12025550123", "+15550001111").advice.map(({ code }) => code)).toEqual([
      "number_needs_registration",
      "opt_out_text",
      "marketing_hours",
    ]);
    expect(smsRulesFor("+819012345678", "ACME").advice).toMatchObject([{ code: "sender_varies" }]);
    expect(smsRulesFor("+447400123456", "ACME").advice).toEqual([
      { code: "opt_out_text", message: expect.stringContaining("STOP"), source: null },
    ]);
  });

  test("nothing is said of a country that we know nothing of, nor of a sender that the provider picks", () => {
    expect(smsRulesFor("+881612345678", "ACME")).toEqual({ country: null, rules: null, refusal: null, advice: [] });
    expect(smsRulesFor("+3545812345", "ACME")).toMatchObject({ country: "IS", rules: null, refusal: null, advice: [] });
    expect(smsRulesFor("+14165550123", undefined).refusal).toBeNull();
  });

  test("no refusal rests on what is unverified", () => {
    const refusing = Object.values(SMS_COUNTRIES).filter((rules) => rules.alphanumeric === "not_taken");
    expect(refusing.length).toBeGreaterThan(0);
    for (const { from } of refusing) expect(from).not.toBe("unverified");
    expect(Object.keys(SMS_COUNTRIES).length).toBeGreaterThanOrEqual(30);
  });
});
