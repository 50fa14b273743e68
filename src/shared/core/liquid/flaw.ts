/** What is wrong with a template, and where. */
import { LiquidError, ParseError, type Token, TokenizationError, UndefinedVariableError } from "liquidjs";
import { Stop, type StopCode } from "./budget.ts";

export type TemplateFlawCode =
  /** It does not parse: an unclosed tag, an unknown tag or filter, a wrong expression. */
  | "syntax"
  | "missing_variable"
  /** A filter or tag refused its input while rendering. */
  | "render_failed"
  | StopCode;

export interface TemplateFlaw {
  readonly code: TemplateFlawCode;
  /** Path of the field, such as `email.html`. */
  readonly path: string;
  /** Names the place, in prose: `line 3, column 5: undefined variable: name`. */
  readonly message: string;
  /** Of `missing_variable`: as the template writes it, such as `user.name`. */
  readonly variable?: string;
}

/** A template that does not compile. */
export class TemplateError extends Error {
  /** All that was found, field by field. Never empty. */
  readonly flaws: readonly TemplateFlaw[];
  constructor(flaws: readonly TemplateFlaw[]) {
    super(flaws.map((flaw) => `${flaw.path}: ${flaw.message}`).join("; "));
    this.name = "TemplateError";
    this.flaws = flaws;
  }
}

export function missingFlaw(path: string, variable: string): TemplateFlaw {
  return { code: "missing_variable", path, message: `The variable ${variable} is missing.`, variable };
}

/** Reads what liquidjs threw while it parsed or rendered the field at `path`. */
export function flawOf(error: unknown, path: string): TemplateFlaw {
  const cause = LiquidError.is(error) ? (error.originalError ?? error) : error;
  const at = LiquidError.is(error) ? place(error.token) : "";
  if (cause instanceof Stop) return { code: cause.code, path, message: at + cause.message };
  // The stack ran out: nesting that no limit of ours counts, such as brackets in brackets.
  if (cause instanceof RangeError) return { code: "too_deep", path, message: `${at}${new Stop("too_deep").message}` };
  if (error instanceof UndefinedVariableError) return missingFlaw(path, error.token.getText());
  const code = error instanceof ParseError || error instanceof TokenizationError ? "syntax" : "render_failed";
  return { code, path, message: at + prose(cause) };
}

/** liquidjs ends its messages with the place, which stands in front of ours. */
function prose(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/(, file:[^,]*)?, line:\d+, col:\d+$/, "").slice(0, 300);
}

function place(token: Token): string {
  const [line, column] = token.getPosition();
  const partial = token.file === undefined ? "" : `partial ${token.file}, `;
  return `${partial}line ${line}, column ${column}: `;
}
