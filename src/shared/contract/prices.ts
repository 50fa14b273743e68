/** What a connection costs, as it is set and shown (core/price.ts). */
import { z } from "zod";
import { isCountry } from "../core/country.ts";
import { isWholeMicros, PRICE_BOUNDS } from "../core/price.ts";

const amount = z
  .number()
  .min(0)
  .max(PRICE_BOUNDS.max)
  .refine(isWholeMicros, `Must have at most ${PRICE_BOUNDS.decimals} decimals.`);

const country = z.string().refine(isCountry, "Must be a country by ISO 3166, in two capital letters.");

/** Keys and values are those of PriceTable: it is kept as it comes. */
export const priceTable = z
  .strictObject({
    currency: z.literal("USD").default("USD"),
    per: z.enum(["message", "part"]).default("message").describe("`part`: each segment of a text."),
    default: amount.exactOptional().describe("Wherever `by_country` has none."),
    by_country: z
      .record(country, amount)
      .refine((table) => Object.keys(table).length <= PRICE_BOUNDS.countries, "Has too many countries.")
      .exactOptional()
      .describe("By the country of the recipient's number, ISO 3166."),
    per_failed: amount
      .exactOptional()
      .describe("Of a try that failed. Unless set, a failed try is thought to cost as much as a good one."),
  })
  .refine((table) => table.default !== undefined || table.by_country !== undefined, "Needs `default` or `by_country`.")
  .meta({ id: "NewPrices" });

export const pricesShape = z.object(priceTable.shape).meta({ id: "Prices" });

export const listPriceShape = z
  .object({
    prices: pricesShape,
    confidence: z
      .enum(["high", "medium", "low"])
      .describe("`high`: read at the provider. `medium`: read by others. `low`: old, or sources differ."),
    note: z.string(),
    as_of: z.iso.date(),
  })
  .meta({
    id: "ListPrice",
    description: "What the provider asks by its published list: what is assumed of a connection that has no `prices` of its own.",
  });
