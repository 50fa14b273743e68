/** TypeScript source taken apart just far enough to ask what it imports and says, without a compiler. */

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly source: string;
}

export interface Import {
  readonly specifier: string;
  /** Path of the imported file from the root; null for a package. */
  readonly target: string | null;
  readonly line: number;
}

export interface ParsedFile extends SourceFile {
  /** The source with comments and the insides of strings, templates and patterns blanked; every character keeps its place. */
  readonly code: string;
  /** The comments alone, in their places. */
  readonly comments: string;
  readonly imports: readonly Import[];
}

export function parseFile({ path, source }: SourceFile): ParsedFile {
  const { code, comments } = blank(source);
  return { path, source, code, comments, imports: importsOf(path, source, code) };
}

export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < index; i = text.indexOf("\n", i + 1)) line += 1;
  return line;
}

const FROM = /\b(?:import|export)\b[^;"'`()]*?\bfrom\s*["']|\bimport\s*\(?\s*["']/g;

function importsOf(path: string, source: string, code: string): Import[] {
  return [...code.matchAll(FROM)].map((match) => {
    const start = match.index + match[0].length;
    const quote = source.charAt(start - 1);
    const specifier = source.slice(start, source.indexOf(quote, start));
    return { specifier, target: resolvePath(path, specifier), line: lineAt(source, match.index) };
  });
}

function resolvePath(from: string, specifier: string): string | null {
  if (!specifier.startsWith(".")) return null;
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** A slash after one of these starts a pattern, not a division. */
const BEFORE_PATTERN =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|=>|\b(?:return|typeof|case|of|in|do|else|void|delete|throw|new|await|yield))$/;

/** Walks the source once, character by character. */
function blank(source: string): { code: string; comments: string } {
  const code = [...source.replaceAll(/[^\n]/g, " ")];
  const comments = [...code];
  // One entry for each template that is open: how deep its `${` lies in braces.
  const templates: number[] = [];
  let depth = 0;
  let tail = "";
  let i = 0;
  const keep = (end: number): void => {
    for (; i < end; i++) {
      const c = source.charAt(i);
      code[i] = c;
      if (/\S/.test(c)) tail = (tail + c).slice(-12);
      else if (/\w$/.test(tail)) tail = `${tail} `;
    }
  };
  const comment = (end: number): void => {
    for (; i < end; i++) comments[i] = source.charAt(i);
  };
  const quoted = (close: number): void => {
    keep(i + 1);
    i = close;
    keep(Math.min(close + 1, source.length));
  };
  const template = (): void => {
    const end = templateStop(source, i);
    i = end;
    if (source.startsWith("${", end)) {
      keep(end + 2);
      templates.push(depth);
      depth += 1;
    } else keep(Math.min(end + 1, source.length));
  };
  while (i < source.length) {
    const c = source.charAt(i);
    if (source.startsWith("//", i)) comment(orEnd(source, source.indexOf("\n", i)));
    else if (source.startsWith("/*", i)) comment(orEnd(source, source.indexOf("*/", i + 2) + 2, 1));
    else if (c === '"' || c === "'") quoted(closing(source, i + 1, c));
    else if (c === "/" && BEFORE_PATTERN.test(tail.trimEnd())) quoted(patternStop(source, i + 1));
    else if (c === "`") {
      keep(i + 1);
      template();
    } else if (c === "}" && templates.at(-1) === depth - 1) {
      templates.pop();
      depth -= 1;
      keep(i + 1);
      template();
    } else {
      if (c === "{") depth += 1;
      if (c === "}") depth -= 1;
      keep(i + 1);
    }
  }
  return { code: code.join(""), comments: comments.join("") };
}

function orEnd(source: string, index: number, least = 0): number {
  return index <= least ? source.length : index;
}

/** Index of the next unescaped `mark`, or the end. */
function closing(source: string, from: number, mark: string): number {
  for (let i = from; i < source.length; i++) {
    if (source.charAt(i) === "\\") i += 1;
    else if (source.charAt(i) === mark || source.charAt(i) === "\n") return i;
  }
  return source.length;
}

function patternStop(source: string, from: number): number {
  let inClass = false;
  for (let i = from; i < source.length; i++) {
    const c = source.charAt(i);
    if (c === "\\") i += 1;
    else if (c === "[") inClass = true;
    else if (c === "]") inClass = false;
    else if ((c === "/" && !inClass) || c === "\n") return i;
  }
  return source.length;
}

/** Where the text of a template ends: at its backtick or at the next `${`. */
function templateStop(source: string, from: number): number {
  for (let i = from; i < source.length; i++) {
    if (source.charAt(i) === "\\") i += 1;
    else if (source.charAt(i) === "`" || source.startsWith("${", i)) return i;
  }
  return source.length;
}
