/** What every reader of callbacks needs to make signals of a body that was verified, and may still be anything at all. */
import { parseAttemptId } from "../core/ids.ts";
import { excerpt } from "./answers.ts";
import type { CallbackReading, ProviderSignal } from "./provider.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** JSON as it came; null for what is none. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return null; // not JSON: nothing in it to be read
  }
}

/** A JSON object's fields; none for whatever is not one. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** A list's items, as far as it is one. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** An attempt's id as we gave it; null for anything that we never gave. */
export function attemptIn(value: unknown): string | null {
  return typeof value === "string" && parseAttemptId(value) !== null ? value : null;
}

/** Seconds since 1970, or RFC 3339, as milliseconds; `otherwise` for what is neither. */
export function timeOf(value: unknown, otherwise: number): number {
  const ms = typeof value === "number" ? Math.floor(value * 1000) : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) && ms > 0 && ms < 1e14 ? ms : otherwise;
}

/** What the provider says of it, fit for a row; fields that say nothing are left out. */
export function said(fields: Readonly<Partial<Record<"recipient" | "code" | "reason", unknown>>>) {
  const texts = Object.entries(fields).flatMap(([field, value]) => {
    const line = typeof value === "string" || typeof value === "number" ? excerpt(String(value), "") : "";
    return line === "" ? [] : [[field, field === "code" ? line.slice(0, 100) : line]];
  });
  return Object.fromEntries(texts) as Partial<Pick<ProviderSignal, "recipient" | "code" | "reason">>;
}

/** Text for an id or a key, of a length that a row takes; null where there is none. */
export function idOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value.slice(0, 300) : null;
}

export function forged(reason: string): CallbackReading {
  return { kind: "forged", reason };
}

/** Signals, or nothing that we record. */
export function reading(signals: readonly ProviderSignal[]): CallbackReading {
  return signals.length === 0 ? { kind: "ignored" } : { kind: "signals", signals };
}
