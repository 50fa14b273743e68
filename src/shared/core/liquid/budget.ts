/**
 * What one rendering may cost. A Worker's clock stands still while it computes, so a limit in
 * milliseconds never ends a loop there: work is counted instead, in units of about ten nanoseconds.
 */
export const LIMITS = {
  /** Characters of one field's source. */
  sourceChars: 262_144,
  /** Tags and outputs in one field. */
  tags: 10_000,
  /** Blocks and partials inside one another. */
  depth: 100,
  workUnits: 10_000_000,
  /** Characters and elements that filters and ranges make. */
  memoryUnits: 2_000_000,
  /** Characters written, captures included. */
  outputChars: 1_048_576,
} as const;

export type StopCode = "too_much_work" | "too_much_memory" | "too_much_output" | "too_deep" | "too_long" | "range_invalid";

const STOPS: Record<StopCode, string> = {
  too_much_work: "The template does too much work: a loop is too long, or loops stand inside loops.",
  too_much_memory: "The template makes too many or too long values.",
  too_much_output: `The template writes more than ${LIMITS.outputChars} characters.`,
  too_deep: "Blocks or partials are nested too deeply, or a partial includes itself.",
  too_long: `A field takes ${LIMITS.sourceChars} characters and ${LIMITS.tags} tags and outputs.`,
  range_invalid: "The ends of a range must be whole numbers.",
};

/** A rendering that was stopped because it went over a limit. */
export class Stop extends Error {
  readonly code: StopCode;
  constructor(code: StopCode) {
    super(STOPS[code]);
    this.code = code;
  }
}

/** Units. Measured in workerd, and rounded up. */
export const COST = {
  node: 50,
  sourceChar: 5,
  operator: 20,
  filter: 30,
  element: 100,
  dateCode: 3_000,
  timeZone: 10_000,
} as const;

/** Takes the source text of a variable that is not there, such as `user.name`. */
export interface Missing {
  note(variable: string): void;
}

/** The budget of one rendering, shared by its partials. Speaks the protocol of liquidjs' limiters (`use`, `check`). */
export class Budget {
  /** Milliseconds since 1970: what `now` and `today` mean in a date filter. */
  readonly now: number;
  /** Set while the names of missing variables are collected. */
  readonly missing: Missing | null;
  #work = 0;
  #memory = 0;
  #output = 0;
  #depth = 0;

  constructor(now: number, missing: Missing | null = null) {
    this.now = now;
    this.missing = missing;
  }

  spend(units: number): void {
    this.#work += units;
    // Also stops on NaN: a cost that cannot be told is too high.
    if (!(this.#work <= LIMITS.workUnits)) throw new Stop("too_much_work");
  }

  /** Pays for looking for one text in another: long needles are slow to look for. */
  search(text: string, needle: unknown): void {
    this.spend(text.length * (1 + (typeof needle === "string" ? needle.length : 0) / 100));
  }

  /** Called by liquidjs before it makes a value of `count` characters or elements. */
  use(count: number): void {
    const size = Number(count);
    if (!(size > 0)) return;
    this.#memory += size;
    if (this.#memory > LIMITS.memoryUnits) throw new Stop("too_much_memory");
    this.spend(size);
  }

  /** liquidjs' own time limit: see above. */
  check(): void {}

  write(chars: number): void {
    this.#output += chars;
    if (this.#output > LIMITS.outputChars) throw new Stop("too_much_output");
    this.spend(chars);
  }

  enter(): void {
    if (++this.#depth > LIMITS.depth) throw new Stop("too_deep");
    this.spend(COST.node);
  }

  leave(): void {
    this.#depth--;
  }

  /**
   * Pays for a value by its size as a tree. A template can build an array that holds itself a thousand
   * times over; what walks it (`join`, `==`, output) would walk the tree, so the tree is what it costs.
   */
  measure(value: unknown): void {
    if (typeof value === "string") this.spend(value.length);
    else if (Array.isArray(value)) {
      this.spend(1 + value.length);
      for (const item of value) this.measure(item);
    } else if (typeof value === "object" && value !== null) {
      for (const item of Object.values(value)) {
        this.spend(1);
        this.measure(item);
      }
    }
  }
}
