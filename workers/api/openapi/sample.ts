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
export function sample(schema: Schema, components: Components, everything = false): unknown {
  return draw(schema, { components, everything, owner: "", depth: 0 });
}

interface Context {
  readonly components: Components;
  readonly everything: boolean;
  /** The component that is being drawn; it says what an `id` in it is the id of. */
  readonly owner: string;
  readonly depth: number;
}

function draw(schema: Schema, context: Context): unknown {
  const { components, everything, owner, depth } = context;
  if (depth > DEPTH_LIMIT) return null;
  const next = (inner: Schema): unknown => draw(inner, { ...context, depth: depth + 1 });
  if (schema.examples?.length) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.$ref) {
    const name = schema.$ref.slice(COMPONENT.length);
    return draw(components[name] ?? {}, { ...context, owner: name, depth: depth + 1 });
  }
  const choice = schema.oneOf ?? schema.anyOf;
  if (choice) return next(choice.find((one) => one.type !== "null") ?? {});
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(next));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "object":
      return sampleObject(schema, next, everything, owner);
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

function sampleObject(
  schema: Schema,
  next: (inner: Schema) => unknown,
  everything: boolean,
  owner: string,
): Record<string, unknown> {
  const named = Object.entries(schema.properties ?? {});
  const wanted = everything ? named : named.filter(([name]) => schema.required?.includes(name));
  const nameOf = (name: string): string => (name === "id" ? ownId(owner) : name);
  return Object.fromEntries(wanted.map(([name, inner]) => [name, byName(nameOf(name), inner) ?? next(inner)]));
}

/** `SavedConnection` → `connection_id`. */
function ownId(owner: string): string {
  return Object.keys(PREFIXES).find((name) => owner.toLowerCase().endsWith(name.replace("_id", ""))) ?? "id";
}

const ID = "_01K5Z8Q4M200000000000000X7";
const PREFIXES: Readonly<Record<string, string>> = {
  project_id: "prj",
  tenant_id: "ten",
  key_id: "key",
  connection_id: "con",
  message_id: "msg",
  message_ids: "msg",
  template_id: "tpl",
  attempt_id: "att",
  request_id: "req",
  policy_id: "rtp",
};
const NAMED: Readonly<Record<string, string>> = {
  id: `id${ID}`,
  name: "Example",
  provider: "sandbox",
  destination: "ada@example.com",
  locale: "en-GB",
  subject: "Your order is on its way",
  html: "<p>Hello</p>",
  key: "ck_live_7Q0Z3M5V8K1X2B4N6C9D0F7G5H3J1K8L",
  hint: "ck_live_7Q0Z",
};

/** A plain string, or a list of them, whose name says more than its type. */
function byName(name: string, { type, items, pattern, format, ...rest }: Schema): unknown {
  if (type === "array" && items && Object.hasOwn(PREFIXES, name)) return [byName(name, items)];
  if (type !== "string" || pattern || format || rest.enum || rest.const || rest.examples || rest.default) return undefined;
  return Object.hasOwn(PREFIXES, name) ? `${PREFIXES[name]}${ID}` : Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
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
