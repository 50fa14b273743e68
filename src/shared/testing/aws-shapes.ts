/** Checks a JSON body against the shapes that AWS publishes for its clients (specs/*-shapes.json). */
import smsVoice from "./specs/aws-sms-voice-v2-shapes.json" with { type: "json" };
import ses from "./specs/sesv2-shapes.json" with { type: "json" };
import sns from "./specs/sns-shapes.json" with { type: "json" };

interface Shape {
  readonly type: string;
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
}

type Shapes = ReadonlyMap<string, Shape>;

const MODELS = {
  ses: new Map<string, Shape>(Object.entries(ses.shapes)),
  sns: new Map<string, Shape>(Object.entries(sns.shapes)),
  sms: new Map<string, Shape>(Object.entries(smsVoice.shapes)),
} satisfies Record<string, Shapes>;

/** Everything about `value` that the shape does not allow, with its path; empty where it fits. Unknown fields are flaws. */
export function shapeFlaws(name: string, value: unknown, service: keyof typeof MODELS = "ses"): string[] {
  return flaws(MODELS[service], name, value, name);
}

function flaws(shapes: Shapes, name: string, value: unknown, at: string): string[] {
  const shape = shapes.get(name);
  if (!shape) return [`${at}: there is no shape ${name}`];
  switch (shape.type) {
    case "structure":
      return structureFlaws(shapes, shape, value, at);
    case "list": {
      if (!Array.isArray(value)) return [`${at}: not a list`];
      const item = shape.member?.shape ?? "";
      return [...sizeFlaws(shape, value.length, at), ...value.flatMap((one, i) => flaws(shapes, item, one, `${at}[${i}]`))];
    }
    case "map": {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at}: not a map`];
      const entries = Object.entries(value);
      const [keys, values] = [shape.key?.shape ?? "", shape.value?.shape ?? ""];
      return [
        ...sizeFlaws(shape, entries.length, at),
        ...entries.flatMap(([key, inner]) => [
          ...flaws(shapes, keys, key, `${at}{${key}}`),
          ...flaws(shapes, values, inner, `${at}.${key}`),
        ]),
      ];
    }
    case "string":
      if (typeof value !== "string") return [`${at}: not a string`];
      return [...sizeFlaws(shape, value.length, at), ...textFlaws(shape, value, at)];
    case "blob":
      return typeof value === "string" && isBase64(value) ? [] : [`${at}: not base64`];
    case "boolean":
      return typeof value === "boolean" ? [] : [`${at}: not a boolean`];
    case "double":
    case "integer":
    case "long":
      return typeof value === "number" ? rangeFlaws(shape, value, at) : [`${at}: not a number`];
    default:
      return [`${at}: a shape of type ${shape.type}, which this check does not know`];
  }
}

function structureFlaws(shapes: Shapes, shape: Shape, value: unknown, at: string): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at}: not an object`];
  const members = shape.members ?? {};
  const missing = (shape.required ?? []).filter((field) => !(field in value)).map((field) => `${at}.${field}: missing`);
  const wrong = Object.entries(value).flatMap(([field, inner]) => {
    const member = members[field];
    return member ? flaws(shapes, member.shape, inner, `${at}.${field}`) : [`${at}.${field}: there is no such field`];
  });
  return [...missing, ...wrong];
}

function rangeFlaws(shape: Shape, number: number, at: string): string[] {
  if (shape.min !== undefined && number < shape.min) return [`${at}: less than ${shape.min}`];
  return shape.max !== undefined && number > shape.max ? [`${at}: more than ${shape.max}`] : [];
}

function sizeFlaws(shape: Shape, size: number, at: string): string[] {
  if (shape.min !== undefined && size < shape.min) return [`${at}: shorter than ${shape.min}`];
  return shape.max !== undefined && size > shape.max ? [`${at}: longer than ${shape.max}`] : [];
}

function textFlaws(shape: Shape, text: string, at: string): string[] {
  if (shape.enum && !shape.enum.includes(text)) return [`${at}: not one of ${shape.enum.join(", ")}`];
  // AWS anchors a pattern at both ends, whether it says so or not.
  const whole = shape.pattern === undefined || new RegExp(`^(?:${shape.pattern})$`).test(text);
  return whole ? [] : [`${at}: does not match ${shape.pattern}`];
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
