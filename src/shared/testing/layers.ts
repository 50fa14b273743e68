/** The laws of the house, as one function over source files. The map is in docs and DESIGN: arrows point down only. */
import { lineAt, type ParsedFile, parseFile, type SourceFile } from "./source-text.ts";

export type RuleName =
  | "layer"
  | "arrow"
  | "worker"
  | "testing"
  | "ending"
  | "platform"
  | "cycle"
  | "barrel"
  | "name"
  | "fetch"
  | "socket"
  | "binding"
  | "clock"
  | "commit"
  | "size"
  | "any"
  | "todo"
  | "focus"
  | "swallow";

export interface Violation {
  readonly rule: RuleName;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Folder → rank. A file imports from its own rank or from below. */
const RANKS: readonly (readonly [folder: string, rank: number])[] = [
  ["src/shared/core/", 0],
  ["src/shared/contract/", 1],
  ["src/shared/ports/", 2],
  ["src/shared/db/", 2],
  ["src/shared/providers/", 2],
  ["src/shared/verbs/", 3],
  ["src/shared/adapters/", 4],
  ["src/shared/runtime/", 5],
  ["durable-objects/", 6],
  ["workers/", 7],
  ["src/shared/testing/", 8],
];

const TESTING = "src/shared/testing/";
const FETCHER = "src/shared/adapters/fetch-carrier.ts";
const DIALLER = "src/shared/adapters/socket-carrier.ts";
const WIRE = "src/shared/runtime/wire.ts";
const COMMIT = "src/shared/db/commit.ts";
const TIMELESS = /^src\/shared\/(core|contract|db|providers|verbs)\//;
const MAX_LINES = 400;

export function violations(files: readonly SourceFile[]): Violation[] {
  const parsed = files.filter(({ path }) => path.endsWith(".ts") && !path.endsWith(".d.ts")).map(parseFile);
  return [...parsed.flatMap(fileViolations), ...cycles(parsed.filter(({ path }) => !isTest(path)))];
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}

function rankOf(path: string): number | undefined {
  return RANKS.find(([folder]) => path.startsWith(folder))?.[1];
}

function fileViolations(file: ParsedFile): Violation[] {
  const anywhere = [...names(file), ...words(file)];
  if (isTest(file.path)) return anywhere;
  return [
    ...anywhere,
    ...arrows(file),
    ...barrels(file),
    ...fetches(file),
    ...sockets(file),
    ...bindings(file),
    ...clocks(file),
    ...sizes(file),
  ];
}

function arrows(file: ParsedFile): Violation[] {
  const rank = rankOf(file.path);
  if (rank === undefined) return [at(file, "layer", 0, "this folder is on no layer")];
  return file.imports.flatMap(({ specifier, target, line }) => {
    const found = (rule: RuleName, message: string): Violation[] => [
      { rule, path: file.path, line, message: `${specifier}: ${message}` },
    ];
    if (target === null) {
      const isPlatform = /^(cloudflare|node):/.test(specifier);
      return isPlatform && rank < 5 ? found("platform", "only runtime, objects, Workers and tests know the platform") : [];
    }
    if (!/\.[a-z]+$/.test(specifier)) return found("ending", "imports carry their ending");
    const below = rankOf(target);
    if (below === undefined) return found("layer", "what is imported is on no layer");
    if (target.startsWith(TESTING) && !file.path.startsWith(TESTING)) return found("testing", "only tests import test support");
    if (below > rank) return found("arrow", "imports point down, never up");
    const [from, to] = [workerOf(file.path), workerOf(target)];
    if (from !== null && to !== null && from !== to) return found("worker", "Workers deploy alone and share no door");
    if (target === COMMIT && file.path.startsWith("workers/")) return found("commit", "a door may read, and cannot commit");
    return [];
  });
}

/** `api` for `workers/api/…`; null outside a Worker's own folder. */
function workerOf(path: string): string | null {
  return path.match(/^workers\/([^/]+)\//)?.[1] ?? null;
}

function barrels(file: ParsedFile): Violation[] {
  const star = [...file.code.matchAll(/\bexport\s*\*/g)].map(({ index }) =>
    at(file, "barrel", index, "export names, not everything"),
  );
  const reexports = /\bexport\b[^;"'`()]*?\bfrom\s*["'][^"']*["'];?/g;
  const rest = file.code.replaceAll(reexports, "").replaceAll(/\bimport\b[^;"'`()]*?\bfrom\s*["'][^"']*["'];?/g, "");
  const isBarrel = reexports.test(file.code) && rest.replaceAll(/\bexport\s+(type\s+)?\{[^}]*\};?/g, "").trim() === "";
  return isBarrel ? [...star, at(file, "barrel", 0, "this file only hands on what others make")] : star;
}

function names(file: ParsedFile): Violation[] {
  const bad = file.path.split("/").some((part) => /^(utils?|helpers?|misc)(\.(node\.)?(test\.)?ts)?$/.test(part));
  return bad ? [at(file, "name", 0, "a name says what is in it")] : [];
}

/** A call of the global `fetch`: not a method of that name, and not the making of one. */
function fetches(file: ParsedFile): Violation[] {
  if (file.path === FETCHER || file.path.startsWith(TESTING)) return [];
  const message = "one place fetches: adapters/fetch-carrier.ts";
  return [...file.code.matchAll(/\b(?:globalThis|self)\s*\.\s*fetch\b|(?<![.\w$#])fetch\s*\(/g)]
    .filter(({ index, 0: text }) => !text.endsWith("(") || !isMethod(file.code, index + text.length))
    .map(({ index }) => at(file, "fetch", index, message));
}

/** The opening of a socket, and the platform's means for it, which is a binding of a kind. */
function sockets(file: ParsedFile): Violation[] {
  if (file.path.startsWith(TESTING)) return [];
  const means = file.imports
    .filter(({ specifier }) => /^(cloudflare:sockets|(node:)?(net|tls))$/.test(specifier) && file.path !== WIRE)
    .map(
      ({ specifier, line }): Violation => ({
        rule: "socket",
        path: file.path,
        line,
        message: `${specifier}: only runtime/wire.ts`,
      }),
    );
  const calls = [DIALLER, WIRE].includes(file.path) ? [] : [...file.code.matchAll(/(?<![\w$#])connect\s*\(/g)];
  return [
    ...means,
    ...calls.map(({ index }) => at(file, "socket", index, "one place opens sockets: adapters/socket-carrier.ts")),
  ];
}

/** Whether the bracket that opens before `from` belongs to a method: after it comes its body or its type. */
function isMethod(code: string, from: number): boolean {
  let depth = 1;
  let i = from;
  for (; i < code.length && depth > 0; i++) {
    if (code.charAt(i) === "(") depth += 1;
    if (code.charAt(i) === ")") depth -= 1;
  }
  return /^\s*(\{|:\s*(Promise|Response)\b)/.test(code.slice(i));
}

function bindings(file: ParsedFile): Violation[] {
  if (file.path === WIRE || file.path.startsWith(TESTING)) return [];
  return [
    ...file.code.matchAll(/\benv\s*\??\.\s*[A-Z]\w*|\benv\s*\[|\{[^{}]*\b[A-Z][A-Z0-9_]+\b[^{}]*\}\s*=\s*(?:\w+\.)*env\b/g),
  ].map(({ index, 0: text }) => at(file, "binding", index, `${text}: only runtime/wire.ts names bindings`));
}

const CLOCKS =
  /\bDate\s*\.\s*now\b|\bMath\s*\.\s*random\b|\bnew\s+Date\s*(?:\(\s*\)|(?![\s\w(]))|\bgetRandomValues\b|\brandomUUID\b|\bperformance\s*\.\s*now\b/g;

function clocks(file: ParsedFile): Violation[] {
  if (!TIMELESS.test(file.path)) return [];
  return [...file.code.matchAll(CLOCKS)].map(({ index, 0: text }) =>
    at(file, "clock", index, `${text}: time and chance come in as parameters`),
  );
}

function sizes(file: ParsedFile): Violation[] {
  const lines = file.source.trimEnd().split("\n").length;
  return lines > MAX_LINES ? [at(file, "size", 0, `${lines} lines; stop at ${MAX_LINES}`)] : [];
}

/** `any` where a type stands; a value may be called that. */
const ANY = /(?<=(?:[:<|&]|=>|\bas|\bextends|\bkeyof)\s*)any\b(?!\s*[:(?.-])|(?<![.\w$])any\b(?=\s*(?:\[\]|>))/g;

function words(file: ParsedFile): Violation[] {
  const find = (rule: RuleName, text: string, pattern: RegExp, message: string): Violation[] =>
    [...text.matchAll(pattern)].map(({ index }) => at(file, rule, index, message));
  const isEmpty = ({ index, 0: text }: RegExpMatchArray): boolean =>
    file.comments.slice(index ?? 0, (index ?? 0) + text.length).trim() === "";
  return [
    ...find("any", file.code, ANY, "say what it is, or unknown"),
    ...find("todo", file.comments, /\b(TODO|FIXME)\b/g, "do it, or write it up elsewhere"),
    ...find(
      "focus",
      file.code,
      /\b(?:describe|it|test|suite)\b(?:\.\w+)*\.(?:only|skip|todo)\b|\b(?:xit|xdescribe|fit|fdescribe)\s*\(/g,
      "every test runs",
    ),
    ...[...file.code.matchAll(/\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}/g)]
      .filter(isEmpty)
      .map(({ index }) => at(file, "swallow", index, "an error that is dropped says why")),
  ];
}

function at(file: ParsedFile, rule: RuleName, index: number, message: string): Violation {
  return { rule, path: file.path, line: lineAt(file.source, index), message };
}

/** One violation for each knot of files that import each other. */
function cycles(files: readonly ParsedFile[]): Violation[] {
  const known = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: Violation[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      found.push({ rule: "cycle", path, line: 1, message: [...trail.slice(start), path].join(" → ") });
      return;
    }
    if (done.has(path)) return;
    for (const { target } of known.get(path)?.imports ?? [])
      if (target !== null && known.has(target)) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return found;
}
