/**
 * Templates: content compiled once, rendered per recipient. Liquid in full, but for layouts; nothing that a
 * template or its variables hold can reach code, prototypes, files, the clock or another rendering, and
 * everything it does is counted (liquid/budget.ts).
 */
import { Context, type Template } from "liquidjs";
import { CHANNELS, type Channel } from "./channels.ts";
import { Budget } from "./liquid/budget.ts";
import { Engine, type Mode, type Partials } from "./liquid/engine.ts";
import { flawOf, missingFlaw, TemplateError, type TemplateFlaw } from "./liquid/flaw.ts";
import { collectMissing, LackingContext } from "./liquid/missing.ts";
import { Lru } from "./lru.ts";
import type { Content } from "./message.ts";

export { TemplateError, type TemplateFlaw } from "./liquid/flaw.ts";

/** A field that holds Liquid, parsed. Fields that hold none stay strings. */
class Field {
  readonly engine: Engine;
  readonly path: string;
  readonly templates: Template[];

  constructor(engine: Engine, path: string, templates: Template[]) {
    this.engine = engine;
    this.path = path;
    this.templates = templates;
  }
}

type Compiled<T> = T extends string ? string | Field : { readonly [K in keyof T]: Compiled<T[K]> };

/** Content with every field parsed. Immutable; may be kept and shared. */
export type CompiledContent = { readonly [C in Channel]?: Compiled<NonNullable<Content[C]>> };

export type Variables = Readonly<Record<string, unknown>>;

export interface RenderContext {
  /** Milliseconds since 1970: what `now` and `today` mean in a date filter. */
  readonly now: number;
  /** BCP 47: names of months and days, and the variable `locale`. English where it is absent or unknown. */
  readonly locale?: string | undefined;
}

export type Rendered<T> =
  | { readonly ok: true; readonly content: T }
  | { readonly ok: false; readonly flaws: readonly TemplateFlaw[] };

const shared: Record<Mode, Engine> = { html: new Engine("html"), text: new Engine("text"), url: new Engine("url") };

/** Parsed fields by their source, so that the same inline content is parsed once an isolate. */
const fields = new Lru<Field>({ maxEntries: 1000, maxWeight: 4_000_000 });

/**
 * Compiles every field of every part. Throws a TemplateError with all flaws of all fields.
 * `partials` are what `render` and `include` may name; fields without Liquid cost nothing to render.
 */
export function compile(content: Content, partials?: Partials): CompiledContent {
  const engines =
    partials === undefined ? shared : { ...shared, html: new Engine("html", partials), text: new Engine("text", partials) };
  // mapStrings keeps the shape and replaces strings only.
  return compileStrings(content, (path) => (path === "email.html" ? "html" : "text"), engines) as CompiledContent;
}

function compileStrings(value: unknown, modeOf: (path: string) => Mode, engines: Record<Mode, Engine>): unknown {
  const flaws: TemplateFlaw[] = [];
  const compiled = mapStrings(value, "", (source, path) => {
    const mode = modeOf(path);
    try {
      return compileField(engines[mode], mode, path, source);
    } catch (error) {
      flaws.push(flawOf(error, path));
      return source;
    }
  });
  if (flaws.length > 0) throw new TemplateError(flaws);
  return compiled;
}

/** Any JSON value with each of its texts parsed. */
export interface CompiledValue {
  readonly value: unknown;
}

/** Compiles templates outside of content. `modeOf` says for each text how its output is escaped. Throws a TemplateError. */
export function compileValue(value: unknown, modeOf: (path: string) => Mode): CompiledValue {
  return { value: compileStrings(value, modeOf, shared) };
}

/** The value that `compileValue` was given, with each text rendered. */
export function renderValue(compiled: CompiledValue, variables: Variables, context: RenderContext): Rendered<unknown> {
  return renderFields(compiled.value, variables, context);
}

/** Renders one part. The part's shape is that of the content it was compiled from. */
export function renderPart<C extends Channel>(
  compiled: CompiledContent,
  channel: C,
  variables: Variables,
  context: RenderContext,
): Rendered<NonNullable<Content[C]>> | null {
  const part = compiled[channel];
  if (part === undefined) return null;
  // mapFields keeps the shape that the part was compiled from.
  return renderFields(part, variables, context) as Rendered<NonNullable<Content[C]>>;
}

function renderFields(part: unknown, variables: Variables, context: RenderContext): Rendered<unknown> {
  const scope = { locale: context.locale ?? "en", ...variables };
  try {
    return { ok: true, content: mapFields(part, (field) => renderField(field, scope, context)) };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    // What was stopped is not tried again. Otherwise once more, to find everything that is wrong.
    const found = error.flaws.some((flaw) => flaw.code.startsWith("too_")) ? [] : flawsOf(part, scope, context);
    return { ok: false, flaws: found.length > 0 ? found : error.flaws };
  }
}

/** Renders every part. All missing variables of all fields are named at once. */
export function renderContent(compiled: CompiledContent, variables: Variables, context: RenderContext): Rendered<Content> {
  const content: Record<string, unknown> = {};
  const flaws: TemplateFlaw[] = [];
  for (const channel of CHANNELS) {
    const rendered = renderPart(compiled, channel, variables, context);
    if (rendered === null) continue;
    if (rendered.ok) content[channel] = rendered.content;
    else flaws.push(...rendered.flaws);
  }
  return flaws.length > 0 ? { ok: false, flaws } : { ok: true, content: content as Content };
}

function compileField(engine: Engine, mode: Mode, path: string, source: string): Field | string {
  if (!source.includes("{{") && !source.includes("{%")) return source;
  const key = `${mode}:${path}:${source}`;
  const known = engine === shared[mode] ? fields.get(key) : undefined;
  if (known !== undefined) return known;
  const field = new Field(engine, path, engine.parse(source));
  if (engine === shared[mode]) fields.set(key, field, key.length);
  return field;
}

/** The same value with each string, and its path, replaced. */
function mapStrings(value: unknown, path: string, replace: (source: string, path: string) => unknown): unknown {
  if (typeof value === "string") return replace(value, path);
  if (Array.isArray(value)) return value.map((item, i) => mapStrings(item, `${path}[${i}]`, replace));
  if (typeof value !== "object" || value === null) return value;
  const prefix = path === "" ? "" : `${path}.`;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, prefix + key, replace)]));
}

/** The same value with each field replaced. */
function mapFields(value: unknown, replace: (field: Field) => string): unknown {
  if (value instanceof Field) return replace(value);
  if (Array.isArray(value)) return value.map((item) => mapFields(item, replace));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapFields(item, replace)]));
}

/** Throws a TemplateError. `increment` writes to the scope, so each field gets a copy. */
function renderField(field: Field, scope: Variables, { now, locale }: RenderContext): string {
  const limits = limitedBy(new Budget(now), field.engine);
  try {
    return run(field, new Context({ ...scope }, field.engine.optionsFor(locale), SYNC, limits));
  } catch (error) {
    throw new TemplateError([flawOf(error, field.path)]);
  }
}

function run(field: Field, context: Context): string {
  // The renderer of an Engine returns text, where that of liquidjs returns a generator of it.
  return field.engine.renderer.renderTemplates(field.templates, context) as unknown as string;
}

/** All that is wrong with a part: every missing variable of every field, or else what stopped the rendering. */
function flawsOf(part: unknown, scope: Variables, { now, locale }: RenderContext): TemplateFlaw[] {
  const flaws: TemplateFlaw[] = [];
  mapFields(part, (field) => {
    let failure: TemplateFlaw | undefined;
    const missing = collectMissing((lack) => {
      const limits = limitedBy(new Budget(now, lack), field.engine);
      const context = new LackingContext({ ...scope }, field.engine.optionsFor(locale), SYNC, limits);
      context.lack = lack;
      try {
        run(field, context);
      } catch (error) {
        failure = flawOf(error, field.path);
      }
    });
    if (missing.length > 0) flaws.push(...missing.map((variable) => missingFlaw(field.path, variable)));
    else if (failure !== undefined) flaws.push(failure);
    return "";
  });
  return flaws;
}

type Limits = NonNullable<ConstructorParameters<typeof Context>[3]>;
const SYNC = { sync: true };

/** A budget speaks the protocol of liquidjs' limiters, which is all that liquidjs asks of them. */
function limitedBy(budget: Budget, liquid: Engine): Limits {
  const limiter = budget as unknown as NonNullable<Limits["memoryLimit"]>;
  return { memoryLimit: limiter, renderLimit: limiter, liquid };
}
