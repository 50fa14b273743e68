/** A value that a schema allows, for examples, curl lines and the fuzz. */
import { COMPONENT, type Schema } from "./schema.ts";

export type Components = Readonly<Record<string, Schema>>;

const DEPTH_LIMIT = 12;

const BY_FORMAT: Readonly<Record<string, string>> = {
  "date-time": "2026-12-01T09:00:00Z",
  date: "2026-12-01",
  time: "09:00:00",
  email: "ada@example.com",
  uri: "https://example.com/hook",
  uuid: "0199f0a0-0000-7000-8000-000000000000",
};

/**
 * The schema's own example, default or first choice where it has one; otherwise something short of the right type.
 * `everything` fills the optional fields in as well.
 */
export function sample(schema: Schema, components: Components, everything = false, depth = 0): unknown {
  if (depth > DEPTH_LIMIT) return null;
  const next = (inner: Schema): unknown => sample(inner, components, everything, depth + 1);
  if (schema.examples?.length) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.$ref) return next(components[schema.$ref.slice(COMPONENT.length)] ?? {});
  const choice = schema.oneOf ?? schema.anyOf;
  if (choice) return next(choice.find((one) => one.type !== "null") ?? {});
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(next));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "object":
      return sampleObject(schema, next, everything);
    case "array":
      return sampleArray(schema, next);
    case "string":
      return sampleString(schema);
    case "integer":
    case "number":
      return sampleNumber(schema);
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return {};
  }
}

function sampleObject(schema: Schema, next: (inner: Schema) => unknown, everything: boolean): Record<string, unknown> {
  const named = Object.entries(schema.properties ?? {});
  const wanted = everything ? named : named.filter(([name]) => schema.required?.includes(name));
  const entries = wanted.map(([name, inner]) => [name, byName(name, inner) ?? next(inner)]);
  return Object.fromEntries(entries);
}

/** A plain string whose name says more than its type. */
function byName(name: string, { type, pattern, format, ...rest }: Schema): string | undefined {
  if (type !== "string" || pattern || format || rest.enum || rest.const || rest.examples || rest.default) return undefined;
  const stem = name.replace(/_?id$/, "");
  const prefix = {
    project: "prj",
    tenant: "ten",
    connection: "con",
    template: "tpl",
    message: "msg",
    attempt: "att",
    request: "req",
  }[stem];
  if (prefix) return `${prefix}_01K5Z8Q4M200000000000000X7`;
  return { name: "Example", locale: "en-GB", subject: "Your order is on its way", text: "Hello", html: "<p>Hello</p>" }[name];
}

function sampleArray(schema: Schema, next: (inner: Schema) => unknown): unknown[] {
  const length = Math.max(1, Number(schema.minItems ?? 1));
  return Array.from({ length: Math.min(length, 3) }, () => next(schema.items ?? {}));
}

function sampleString({ format, minLength, maxLength }: Schema): string {
  const text = (format === undefined ? undefined : BY_FORMAT[format]) ?? "text";
  return text.padEnd(Number(minLength ?? 0), "x").slice(0, Number(maxLength ?? text.length + Number(minLength ?? 0)));
}

function sampleNumber({ minimum, exclusiveMinimum, maximum }: Schema): number {
  if (typeof minimum === "number") return minimum;
  if (typeof exclusiveMinimum === "number") return exclusiveMinimum + 1;
  return typeof maximum === "number" ? Math.min(1, maximum) : 1;
}
