/**
 * JSON texts that are nearly right: a valid value with a few fields dropped, doubled, renamed, retyped or
 * blown up. Works on a tree of its own, because a JavaScript object cannot hold a key twice, `__proto__`,
 * or 1e400.
 */
import fc from "fast-check";

type Tree =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly Tree[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [key: string, value: Tree])[] };

interface Mutation {
  /** Which place of the tree, modulo their number. */
  readonly at: number;
  /** Which of its children, modulo their number. */
  readonly child: number;
  readonly what: "drop" | "double" | "rename" | "add" | "replace" | "wrap" | "list";
  /** JSON text of what comes in. */
  readonly value: string;
  readonly key: string;
}

/** JSON text that differs from that of `valid` in up to four places. */
export function mutants(valid: unknown): fc.Arbitrary<string> {
  return fc.array(MUTATION, { maxLength: 4 }).map((mutations) => write(mutations.reduce(mutate, treeOf(valid))));
}

/** JSON text of any shape at all. */
export const ANY_JSON: fc.Arbitrary<string> = fc.oneof(
  fc.json({ maxDepth: 4, stringUnit: "binary" }),
  fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.stringify(value)),
);

const deep = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth);

/** Values that have broken programs before. */
const WEIRD: readonly string[] = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "-1",
  "1.5",
  "1e400",
  "-1e400",
  "1e-400",
  "9007199254740993",
  "123456789012345678901234567890",
  "[]",
  "{}",
  "[[]]",
  "[null]",
  "[{}]",
  '{"":""}',
  '{"length":-1}',
  '{"toString":1}',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"then":1}',
  '{"toJSON":1}',
  '""',
  '" "',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u202e\\u2028\\ufeff"',
  '"\\r\\nBcc: x@example.com"',
  '"__proto__"',
  '"constructor"',
  '"hasOwnProperty"',
  '"{{"',
  '"{{ name | }}"',
  '"{% for i in (1..99999999) %}x{% endfor %}"',
  "\"{% include 'x' %}\"",
  '"%s%n%x"',
  '"2026-13-45T99:99:99Z"',
  '"0000-00-00T00:00:00Z"',
  '"+275760-09-13T00:00:00.001Z"',
  '"9999-12-31T23:59:60Z"',
  '"2026-02-30T00:00:00Z"',
  '"2040-01-01T00:00:00+23:59"',
  '"http://127.0.0.1/"',
  '"http://[::1]:99999/"',
  '"javascript:alert(1)"',
  '"https://user:pass@example.com"',
  '"file:///etc/passwd"',
  '"//example.com"',
  '"https://\\u0000"',
  '"a@b"',
  '"@"',
  '"a@example.com\\n"',
  '"\\"<x>\\"@example.com"',
  '"ada@xn--nxasmq6b"',
  '"+4477009001234567890"',
  '"+0"',
  '"00447700900123"',
  '"msg_00000000000000000000000000"',
  JSON.stringify("x".repeat(300)),
  JSON.stringify("x".repeat(5000)),
  JSON.stringify("é".repeat(40_000)),
  JSON.stringify("😀".repeat(2000)),
  deep("[", "]", 200),
  `${'{"a":'.repeat(2000)}1${"}".repeat(2000)}`,
  deep("[", "]", 20_000),
  `[${"1,".repeat(20_000)}1]`,
];

const KEYS: readonly string[] = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "then",
  "toJSON",
  "length",
  "",
  " ",
  "\u0000",
  "\ud800",
  "id",
  "Id",
  "name ",
  "tenant_id",
  "project_id",
  "x".repeat(300),
];

const MUTATION: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(10_000),
  child: fc.nat(100),
  what: fc.constantFrom("drop", "double", "rename", "add", "replace", "replace", "replace", "wrap", "list"),
  value: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...WEIRD) }, { weight: 1, arbitrary: ANY_JSON }),
  key: fc.oneof(fc.constantFrom(...KEYS), fc.string({ unit: "binary", maxLength: 20 })),
});

function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: "list", items: value.map(treeOf) };
  if (typeof value !== "object" || value === null) return { kind: "text", text: JSON.stringify(value) };
  return { kind: "object", entries: Object.entries(value).map(([key, inner]) => [key, treeOf(inner)] as const) };
}

function write(tree: Tree): string {
  switch (tree.kind) {
    case "text":
      return tree.text;
    case "list":
      return `[${tree.items.map(write).join(",")}]`;
    case "object":
      return `{${tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(",")}}`;
  }
}

function countOf(tree: Tree): number {
  switch (tree.kind) {
    case "text":
      return 1;
    case "list":
      return tree.items.reduce((sum, item) => sum + countOf(item), 1);
    case "object":
      return tree.entries.reduce((sum, [, value]) => sum + countOf(value), 1);
  }
}

/** Mutates the one place that `at` names, counting from the root. */
function mutate(tree: Tree, mutation: Mutation): Tree {
  const place = mutation.at % countOf(tree);
  if (place === 0) return changed(tree, mutation);
  return within(tree, place - 1, mutation);
}

/** `place` counts from the first child on. */
function within(tree: Tree, place: number, mutation: Mutation): Tree {
  let left = place;
  const visit = (child: Tree): Tree => {
    const count = countOf(child);
    const mine = left >= 0 && left < count;
    const result = mine ? mutate(child, { ...mutation, at: left }) : child;
    left -= count;
    return result;
  };
  switch (tree.kind) {
    case "text":
      return tree;
    case "list":
      return { kind: "list", items: tree.items.map(visit) };
    case "object":
      return { kind: "object", entries: tree.entries.map(([key, value]) => [key, visit(value)] as const) };
  }
}

function changed(tree: Tree, { what, value, key, child }: Mutation): Tree {
  const incoming: Tree = { kind: "text", text: value };
  if (what === "wrap") return { kind: "object", entries: [[key, tree]] };
  if (what === "list") return { kind: "list", items: [tree, tree] };
  if (what === "replace" || tree.kind === "text") return incoming;
  if (tree.kind === "list") {
    const items = what === "drop" ? tree.items.toSpliced(child % Math.max(1, tree.items.length), 1) : [...tree.items, incoming];
    return { kind: "list", items };
  }
  if (what === "add") return { kind: "object", entries: [...tree.entries, [key, incoming]] };
  const chosen = child % Math.max(1, tree.entries.length);
  const entries = tree.entries.flatMap((entry, i): (typeof entry)[] => {
    if (i !== chosen) return [entry];
    if (what === "drop") return [];
    return what === "rename" ? [[key, entry[1]]] : [entry, [entry[0], incoming]];
  });
  return { kind: "object", entries };
}
