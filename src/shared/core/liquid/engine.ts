/** liquidjs with everything counted, nothing read from outside, and neither clock nor chance of its own. */
import { Liquid, type Template } from "liquidjs";
import { Lru } from "../lru.ts";
import { LIMITS, Stop } from "./budget.ts";
import { countFilters } from "./filters.ts";
import { countTags, operators, renderer } from "./nodes.ts";
import { outputFilters } from "./output.ts";
import { checkRanges } from "./ranges.ts";

/** `html`: every output is escaped unless its last filter is `raw` or makes HTML. `url`: every output is percent-encoded. */
export type Mode = "html" | "text" | "url";
export type Partials = Readonly<Record<string, string>>;

type Parsed = ReturnType<Liquid["_parsePartialFile"]>;

checkRanges();

const TAG = /\{\{|\{%-?\s*(end)?(if|unless|case|for|tablerow|capture|liquid)?\b/g;
const LINE = /^[^\S\n]*(end)?(if|unless|case|for|tablerow|capture)?\b/gm;

/** Refuses a source that liquidjs would take too long, or too deep a stack, to parse. */
function checkSource(source: string): void {
  if (source.length > LIMITS.sourceChars) throw new Stop("too_long");
  let tags = 0;
  let depth = 0;
  const count = (end: string | undefined, block: string | undefined): void => {
    if (++tags > LIMITS.tags) throw new Stop("too_long");
    if (block !== undefined) depth += end === undefined ? 1 : -1;
    if (depth > LIMITS.depth) throw new Stop("too_deep");
  };
  for (const { 1: end, 2: block, index } of source.matchAll(TAG)) {
    if (block !== "liquid") count(end, block);
    else for (const line of source.slice(index, source.indexOf("%}", index)).matchAll(LINE)) count(line[1], line[2]);
  }
}

/**
 * Partials come from what is handed in and from nowhere else: `_parsePartialFile` is the only way by
 * which `render` and `include` find a file, and the options that would lead to a file system are not set.
 */
export class Engine extends Liquid {
  readonly #partials: Partials;
  readonly #parsed = new Map<string, Template[]>();
  readonly #localized = new Lru<Liquid["options"]>({ maxEntries: 100 });

  constructor(mode: Mode, partials: Partials = {}) {
    super({
      operators,
      strictFilters: true,
      strictVariables: true,
      // An absent variable is falsy in a condition and gives way to `default`; anywhere else it is an error.
      lenientIf: true,
      ownPropertyOnly: true,
      timezoneOffset: 0,
      locale: "en-US",
      outputEscape: outputFilters[mode] as (value: unknown) => string,
    });
    this.#partials = partials;
    Object.defineProperty(this, "renderer", { value: renderer });
    countTags(this);
    countFilters(this, mode);
  }

  override parse(source: string, name?: string): Template[] {
    checkSource(source);
    return super.parse(source, name);
  }

  /** The options in a language. A locale that Intl does not take is English. */
  optionsFor(locale: string | undefined): Liquid["options"] {
    if (locale === undefined) return this.options;
    const known = this.#localized.get(locale);
    if (known !== undefined) return known;
    let options = this.options;
    try {
      options = { ...options, locale: Intl.getCanonicalLocales(locale)[0] ?? options.locale };
    } catch {
      // Not a language tag: English it is.
    }
    this.#localized.set(locale, options);
    return options;
  }

  /** Not a generator: liquidjs takes a value where it asks for one. */
  override _parsePartialFile(name: string): Parsed {
    let templates = this.#parsed.get(name);
    if (templates === undefined) {
      const source = Object.hasOwn(this.#partials, name) ? this.#partials[name] : undefined;
      if (source === undefined) throw new Error(`there is no partial of the name ${JSON.stringify(name)}`);
      templates = this.parse(source, name);
      this.#parsed.set(name, templates);
    }
    return templates as unknown as Parsed;
  }
}
