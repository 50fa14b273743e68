/** liquidjs' filters, each paying for what it is given; and those that reach outside are replaced or gone. */
import { filters as builtIn, type Context, type FilterImplOptions, type Liquid } from "liquidjs";
import { COST } from "./budget.ts";
import { budgetOf } from "./output.ts";

type Handler = Extract<FilterImplOptions, (...args: never[]) => unknown>;

/**
 * Not offered: those that evaluate a string as an expression, those that need a promise (rendering is
 * synchronous), and the one that throws dice.
 */
const ABSENT = new Set([
  "where_exp",
  "reject_exp",
  "group_by_exp",
  "has_exp",
  "find_exp",
  "find_index_exp",
  "sha256",
  "hmac_sha256",
  "sample",
]);

/** Their cost grows with the text and with what is looked for in it. */
const SEARCHES = new Set(["replace", "replace_first", "replace_last", "remove", "remove_first", "remove_last", "split"]);

/** Each element is asked for a property: one that lacks it is not an error, but has none. */
const LENIENT = new Set(["where", "reject", "group_by", "has", "find", "find_index"]);

const DATES = new Set(["date", "date_to_xmlschema", "date_to_rfc822", "date_to_string", "date_to_long_string"]);

function counted(name: string, handler: Handler): Handler {
  return function (value: unknown, ...args: unknown[]): unknown {
    const budget = budgetOf(this.context);
    budget.spend(COST.filter);
    if (Array.isArray(value)) budget.spend(value.length * COST.element);
    budget.measure(value);
    for (const arg of args) budget.measure(arg);
    if (SEARCHES.has(name) && typeof value === "string") budget.search(value, args[0]);
    if (LENIENT.has(name)) {
      const context: Context = Object.assign(Object.create(this.context) as Context, { strictVariables: false });
      return handler.call({ ...this, context }, value, ...args);
    }
    if (!DATES.has(name)) return handler.call(this, value, ...args);
    const codes = typeof args[0] === "string" ? args[0].split("%").length : 10;
    budget.spend(codes * COST.dateCode + (args.length > 1 ? COST.timeZone : 0));
    // liquidjs would read the clock here; ours is handed in. A number is seconds.
    return handler.call(this, value === "now" || value === "today" ? budget.now / 1000 : value, ...args);
  };
}

/** Filters that make HTML out of any text: their output needs no escaping, and gets none. */
function htmlFilters(liquid: Liquid): void {
  for (const name of ["escape", "xml_escape", "escape_once"]) {
    const handler = liquid.filters[name] as Handler;
    liquid.registerFilter(name, { handler, raw: true });
  }
  const escapeOnce = liquid.filters.escape_once as { handler: Handler };
  liquid.registerFilter("newline_to_br", {
    handler(value: unknown) {
      return String(escapeOnce.handler.call(this, value)).replace(/\r?\n/g, "<br />\n");
    },
    raw: true,
  });
}

/** Puts the counted filters into an engine. */
export function countFilters(liquid: Liquid, mode: "html" | "text" | "url"): void {
  for (const [name, impl] of Object.entries(builtIn as Record<string, FilterImplOptions>)) {
    if (ABSENT.has(name)) liquid.unregisterFilter(name);
    else if (typeof impl === "function") liquid.registerFilter(name, counted(name, impl));
    else liquid.registerFilter(name, { ...impl, handler: counted(name, impl.handler) });
  }
  if (mode === "html") htmlFilters(liquid);
  if (mode === "url") liquid.unregisterFilter("raw");
}
