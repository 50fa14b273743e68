import fc from "fast-check";
import { expect, test } from "vitest";
import { listPriceOf } from "./default-prices.ts";
import { isWholeMicros, microsOf, PRICE_BOUNDS, type PriceTable, parsePrices, priceOf, usdText } from "./price.ts";

const table: PriceTable = { currency: "USD", per: "part", default: 0.05, by_country: { GB: 0.04, US: 0 }, per_failed: 0.001 };

test("a country's price stands before the default, and free is a price", () => {
  expect(priceOf(table, "GB", 1)).toEqual({ micros: 40_000, failedMicros: 1000 });
  expect(priceOf(table, "US", 1)?.micros).toBe(0);
  expect(priceOf(table, "FR", 1)?.micros).toBe(50_000);
  expect(priceOf(table, null, 1)?.micros).toBe(50_000);
});

test("a part's price is paid for each part, a message's once", () => {
  expect(priceOf(table, "GB", 3)?.micros).toBe(120_000);
  expect(priceOf({ ...table, per: "message" }, "GB", 3)?.micros).toBe(40_000);
});

test("where nothing is said of a country, no price is made up", () => {
  expect(priceOf({ currency: "USD", per: "part", by_country: { US: 0.01 } }, "GB", 1)).toBeNull();
  expect(priceOf(null, "GB", 1)).toBeNull();
  expect(parsePrices("{}")).toBeNull();
  expect(parsePrices(JSON.stringify(table))).toEqual(table);
});

test("six decimals are kept exactly, and no more are taken", () => {
  fc.assert(
    fc.property(fc.nat(PRICE_BOUNDS.max * 1e6), (micros) => {
      expect(microsOf(micros / 1e6)).toBe(micros);
      expect(isWholeMicros(micros / 1e6)).toBe(true);
      expect(Number(usdText(micros).slice(1))).toBeCloseTo(micros / 1e6, 6);
    }),
  );
  for (const amount of [0.000_000_5, 0.123_456_7, 999.000_000_1]) expect(isWholeMicros(amount)).toBe(false);
  expect([usdText(0), usdText(8300), usdText(1_000_000), usdText(160)]).toEqual(["$0.00", "$0.0083", "$1.00", "$0.00016"]);
});

test("list prices are of a provider and a channel", () => {
  expect(listPriceOf("ses", "email")?.prices.default).toBe(0.00016);
  expect(listPriceOf("twilio", "sms")?.prices.by_country?.US).toBe(0.0118);
  expect(listPriceOf("twilio", "whatsapp")).toBeNull();
  expect(listPriceOf("nobody", "email")).toBeNull();
});
