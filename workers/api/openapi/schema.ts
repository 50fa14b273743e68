/** Zod shapes as JSON Schema 2020-12, with the named ones gathered under `components/schemas`. */
import { z } from "zod";

/** JSON Schema, as far as these documents use it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly [keyword: string]: unknown;
}

export type Direction = "input" | "output";

const LOCAL = "#/$defs/";
export const COMPONENT = "#/components/schemas/";

/** Turns shapes into schemas; those with `.meta({ id })` become references to one component each. */
export class SchemaPool {
  readonly #components = new Map<string, Schema>();
  /** Component name → which way it goes, and what it says, with all that it refers to. */
  readonly #claims = new Map<string, { readonly io: Direction; readonly text: string }>();

  /** Throws where two different shapes claim one id. */
  schemaOf(shape: z.ZodType, io: Direction): Schema {
    const { $schema: _, $defs = {}, ...root } = draw(shape, io);
    const names = new Map(Object.keys($defs).map((id) => [id, this.#nameFor(id, io, reach(id, $defs))]));
    for (const [id, schema] of Object.entries($defs)) this.#components.set(names.get(id) ?? id, relink(schema, names));
    return relink(root, names);
  }

  /** All components so far, by name. */
  components(): Record<string, Schema> {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A shape may read differently going in (defaults are optional) than coming out: the second reading gets a name of its own. */
  #nameFor(id: string, io: Direction, text: string): string {
    if (id.startsWith("__")) throw new Error('a shape that contains itself needs .meta({ id: "…" })');
    for (const name of [id, `${id}${io === "input" ? "Input" : "Output"}`]) {
      const known = this.#claims.get(name);
      if (known === undefined) this.#claims.set(name, { io, text });
      if (known === undefined || known.text === text) return name;
      if (known.io === io) break;
    }
    throw new Error(`two shapes are called ${id}`);
  }
}

/** A definition with all the definitions in its reach, as text. */
function reach(id: string, defs: Readonly<Record<string, Schema>>): string {
  const seen = new Map<string, string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    const text = JSON.stringify(defs[name]);
    seen.set(name, text);
    for (const [, next] of text.matchAll(/"#\/\$defs\/([^"]+)"/g)) if (next !== undefined) visit(next);
  };
  visit(id);
  return JSON.stringify([...seen].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function draw(shape: z.ZodType, io: Direction): Schema & { $defs?: Record<string, Schema> } {
  return z.toJSONSchema(shape, {
    io,
    // What JSON cannot say (a custom check, a stream) is any value to the document.
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      const schema = jsonSchema as Record<string, unknown>;
      // The format says it; the pattern behind it is 300 characters long.
      if (schema.format === "date-time" || schema.format === "email") delete schema.pattern;
      if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
      if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
      if (isPlainString(schema.propertyNames)) delete schema.propertyNames;
      // An answer may gain fields without that being a breaking change; a shape that is strict by itself stays so.
      const { def } = zodSchema._zod;
      if (io === "output" && def.type === "object" && def.catchall === undefined) delete schema.additionalProperties;
    },
  }) as Schema & { $defs?: Record<string, Schema> };
}

function isPlainString(value: unknown): boolean {
  return JSON.stringify(value) === '{"type":"string"}';
}

/** The same schema with `#/$defs/x` pointing at the component that x became. */
function relink<T>(value: T, names: ReadonlyMap<string, string>): T {
  if (Array.isArray(value)) return value.map((one) => relink(one, names)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => {
    if (key === "$ref" && typeof inner === "string" && inner.startsWith(LOCAL)) {
      const id = inner.slice(LOCAL.length);
      return [key, COMPONENT + (names.get(id) ?? id)];
    }
    return [key, relink(inner, names)];
  });
  return Object.fromEntries(entries) as T;
}
