/** What a connection costs. Amounts are US dollars with at most six decimals outside, and whole millionths inside. */

/** As it is set, stored and shown. */
export interface PriceTable {
  readonly currency: "USD";
  /** What an amount is for: a whole message, or each part (segment) of a text. */
  readonly per: "message" | "part";
  /** Wherever `by_country` has none; unknown there where it is left out. */
  readonly default?: number;
  /** By ISO 3166 country of the recipient's number. */
  readonly by_country?: Readonly<Record<string, number>>;
  /** Of a try that failed. Where it is left out, a failed try counts as much as a good one. */
  readonly per_failed?: number;
}

export const PRICE_BOUNDS = { max: 1000, decimals: 6, countries: 300 } as const;

/** Of one message to one recipient, in millionths of a US dollar. */
export interface Price {
  readonly micros: number;
  readonly failedMicros: number;
}

/** Null where the table says nothing of the country. */
export function priceOf(table: PriceTable | null, country: string | null, parts: number): Price | null {
  if (table === null) return null;
  const amount = (country === null ? undefined : table.by_country?.[country]) ?? table.default;
  if (amount === undefined) return null;
  const micros = microsOf(amount) * (table.per === "part" ? parts : 1);
  return { micros, failedMicros: table.per_failed === undefined ? micros : microsOf(table.per_failed) };
}

/** 0.0083 dollars → 8300. */
export function microsOf(usd: number): number {
  return Math.round(usd * 1e6);
}

/** Whether an amount has no more decimals than are kept. */
export function isWholeMicros(usd: number): boolean {
  return Math.abs(usd * 1e6 - microsOf(usd)) < 1e-3;
}

/** 8300 → `$0.0083`. */
export function usdText(micros: number): string {
  return `$${(micros / 1e6).toFixed(6).replace(/0{1,4}$/, "")}`;
}

/** A stored column: JSON of a PriceTable, `{}` where the connection has none of its own. */
export function parsePrices(json: string): PriceTable | null {
  const table = JSON.parse(json) as Partial<PriceTable>;
  // The column was written by createConnection and updateConnection, in this shape.
  return table.per === undefined ? null : (table as PriceTable);
}
