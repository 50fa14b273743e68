/** A schema as a list of fields, nested ones folded away. */
import { COMPONENT, type Schema } from "../openapi/schema.ts";
import { type Html, html } from "./html.ts";
import { inline } from "./prose.ts";

const DEPTH_LIMIT = 6;

export type Components = Readonly<Record<string, Schema>>;

export function componentName(schema: Schema): string | null {
  return schema.$ref?.startsWith(COMPONENT) ? schema.$ref.slice(COMPONENT.length) : null;
}

/** `string (date-time) or null`, `array of Key`. Components are links to where they are explained. */
export function typeOf(schema: Schema): Html {
  const name = componentName(schema);
  if (name !== null) return html`<a href="#schema-${name}">${name}</a>`;
  const choice = schema.oneOf ?? schema.anyOf;
  if (choice) return joined(choice.map(typeOf), " or ");
  if (schema.allOf) return joined(schema.allOf.map(typeOf), " and ");
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.type === "array") return html`array of ${typeOf(schema.items ?? {})}`;
  const type = typeof schema.type === "string" ? schema.type : (schema.type ?? ["any value"]).join(" or ");
  return html`${type}${schema.format === undefined ? null : ` (${schema.format})`}`;
}

function joined(parts: readonly Html[], between: string): Html {
  return html`${parts.map((part, i) => html`${i === 0 ? null : between}${part}`)}`;
}

/** The fields of an object (or of the objects that it may be); null where there is nothing to list. */
export function fieldsOf(schema: Schema, components: Components, depth = 0): Html | null {
  if (depth > DEPTH_LIMIT) return null;
  const parts = schema.allOf ?? schema.oneOf ?? schema.anyOf;
  if (parts) return choices(parts, components, depth, schema.allOf !== undefined);
  if (schema.items) return componentName(schema.items) === null ? fieldsOf(schema.items, components, depth + 1) : null;
  const entries = Object.entries(schema.properties ?? {});
  const rest = valuesOf(schema);
  if (entries.length === 0 && rest === null) return null;
  return html`<dl class="fields">
    ${entries.map(([name, inner]) => field(name, inner, schema.required?.includes(name) === true, components, depth))}
    ${rest ? field("any name", rest, false, components, depth) : null}
  </dl>`;
}

/** What the values of a map look like; null where the object has named fields only, or anything goes. */
function valuesOf({ additionalProperties: rest }: Schema): Schema | null {
  return typeof rest === "object" && Object.keys(rest).length > 0 ? rest : null;
}

function choices(parts: readonly Schema[], components: Components, depth: number, all: boolean): Html | null {
  const shown = parts
    .filter((part) => part.type !== "null")
    .map((part) => ({ part, fields: fieldsOf(resolve(part, components), components, depth + 1) }))
    .filter(({ fields }) => fields !== null);
  if (shown.length === 0) return null;
  if (all || shown.length === 1) return html`${shown.map(({ fields }) => fields)}`;
  return html`<div class="choices">${shown.map(
    ({ part, fields }, i) =>
      html`<details${i === 0 ? html` open` : null}><summary>Either ${labelOf(part, components)}</summary>${fields}</details>`,
  )}</div>`;
}

/** What tells one choice from the others: its name, or the fields that have one fixed value. */
function labelOf(part: Schema, components: Components): Html {
  const fixed = Object.entries(resolve(part, components).properties ?? {}).filter(([, inner]) => inner.const !== undefined);
  if (componentName(part) !== null || fixed.length === 0) return typeOf(part);
  return joined(
    fixed.map(([name, inner]) => html`${name} <code>${JSON.stringify(inner.const)}</code>`),
    ", ",
  );
}

/** What a reference stands for; itself where it is none. */
export function resolve(schema: Schema, components: Components): Schema {
  const name = componentName(schema);
  return name === null ? schema : (components[name] ?? {});
}

function field(name: string, schema: Schema, required: boolean, components: Components, depth: number): Html {
  const inner = componentName(schema) === null ? fieldsOf(schema, components, depth + 1) : null;
  return html`<div class="field">
    <dt><code>${name}</code> <span class="type">${typeOf(schema)}</span>${required ? html` <span class="required">required</span>` : null}</dt>
    <dd>${schema.description === undefined ? null : html`<p>${inline(schema.description)}</p>`}${rules(schema)}${
      inner === null ? null : html`<details><summary>Fields</summary>${inner}</details>`
    }</dd>
  </div>`;
}

/** `1 to 100 characters`, `at most 10 items`, `more than 0`. */
function range(least: unknown, most: unknown, unit: string): Html[] {
  if (least === undefined && most === undefined) return [];
  if (most === undefined) return [html`at least <code>${String(least)}</code>${unit}`];
  if (least === undefined) return [html`at most <code>${String(most)}</code>${unit}`];
  return [html`<code>${String(least)}</code> to <code>${String(most)}</code>${unit}`];
}

/** Limits, defaults and allowed values. */
export function rules(schema: Schema): Html | null {
  const values = schema.enum ?? schema.items?.enum;
  const lines = [
    ...(values
      ? [
          html`One of ${joined(
            values.map((value) => html`<code>${String(value)}</code>`),
            ", ",
          )}.`,
        ]
      : []),
    ...range(schema.minimum, schema.maximum, ""),
    ...(schema.exclusiveMinimum === undefined ? [] : [html`more than <code>${String(schema.exclusiveMinimum)}</code>`]),
    ...range(schema.minLength, schema.maxLength, " characters"),
    ...range(schema.minItems, schema.maxItems, " items"),
    ...(schema.pattern === undefined ? [] : [html`pattern <code>${schema.pattern}</code>`]),
    ...(schema.default === undefined || Array.isArray(schema.default)
      ? []
      : [html`default <code>${JSON.stringify(schema.default)}</code>`]),
  ];
  return lines.length === 0 ? null : html`<p class="rules">${joined(lines, " · ")}</p>`;
}
