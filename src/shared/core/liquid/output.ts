/** What a template writes: counted, and escaped where it is HTML. */
import type { Context, Emitter } from "liquidjs";
import type { Budget } from "./budget.ts";

/** The budget of a context: liquid.ts makes every context with its budget as liquidjs' two limiters. */
export function budgetOf(context: Context): Budget {
  return context.memoryLimit as unknown as Budget;
}

/** Writes to a string, and pays for every character. */
export class CountingEmitter implements Emitter {
  buffer = "";
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  write(value: unknown): void {
    const text = plain(value, this.#budget);
    this.#budget.write(text.length);
    this.buffer += text;
  }
}

/** A value as Liquid prints it: nothing for nil, the elements of an array one after another. */
export function plain(value: unknown, budget: Budget): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  if (!Array.isArray(value)) return String(value);
  budget.measure(value);
  return flat(value);
}

function flat(value: unknown): string {
  if (Array.isArray(value)) return value.map(flat).join("");
  return value === null || value === undefined ? "" : String(value);
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

export function escapeHtml(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c) : text;
}

/** What every output goes through unless its last filter is a raw one. liquidjs calls it as a filter. */
export type OutputFilter = (this: { readonly context: Context }, value: unknown) => string;

export const outputFilters: Record<"html" | "text" | "url", OutputFilter> = {
  html(value) {
    return escapeHtml(plain(value, budgetOf(this.context)));
  },
  text(value) {
    return plain(value, budgetOf(this.context));
  },
  url(value) {
    return encodeURIComponent(plain(value, budgetOf(this.context)).toWellFormed());
  },
};
