/** How nodes are run: each is paid for before it runs, and what compares or loops pays for its values. */
import {
  CaseTag,
  type Context,
  defaultOperators,
  type Emitter,
  Expression,
  ForTag,
  IfTag,
  type Liquid,
  LiquidError,
  type Operators,
  Output,
  type PropertyAccessToken,
  RenderError,
  TablerowTag,
  type Template,
  TokenKind,
  toValueSync,
  UndefinedVariableError,
  UnlessTag,
  type Value,
} from "liquidjs";
import { COST } from "./budget.ts";
import { budgetOf, CountingEmitter, type OutputFilter } from "./output.ts";

interface Prepared extends Template {
  /** Units to run the node once, without what is inside it: by the length of its source, conditions included. */
  cost?: number;
  /** Set where the node prints one variable and does nothing else: the variable's path. */
  path?: readonly string[];
  /** liquidjs' own: the text of a node that is only text. */
  str?: string;
}

/** Looks a node over once. */
function prepare(node: Prepared): number {
  const { begin, end, kind } = node.token;
  let chars = kind === TokenKind.HTML ? 0 : end - begin;
  if (node instanceof IfTag || node instanceof UnlessTag) for (const { value } of node.branches) chars += lengthOf(value);
  if (node instanceof CaseTag) for (const { values } of node.branches) for (const v of values) chars += 10 + v.end - v.begin;
  const path = node instanceof Output ? plainPath(node.value) : undefined;
  if (path !== undefined) node.path = path;
  node.cost = COST.node + chars * COST.sourceChar;
  return node.cost;
}

/** `user.name` as its parts, where that is all there is: no filter but the one that every output goes through. */
function plainPath(value: Value): readonly string[] | undefined {
  const [token, ...more] = value.initial.postfix;
  if (token?.kind !== TokenKind.PropertyAccess || more.length > 0 || value.filters.length > 1) return undefined;
  const { props, variable } = token as PropertyAccessToken;
  if (variable !== undefined || value.filters.some(({ raw }) => raw)) return undefined;
  return props.every(({ kind }) => kind === TokenKind.Word)
    ? props.map((prop) => (prop as { content?: unknown }).content as string)
    : undefined;
}

function lengthOf(value: Value): number {
  let chars = 0;
  for (const token of value.initial.postfix) chars += token.end - token.begin;
  for (const { args } of value.filters) {
    for (const arg of args) {
      const token = Array.isArray(arg) ? arg[1] : arg;
      if (token !== undefined) chars += token.end - token.begin;
    }
  }
  return chars;
}

/** What liquidjs does for such a node, without its five generators: most nodes of most templates are of this kind. */
function lookUp(node: Prepared, path: readonly string[], context: Context): string {
  let value: unknown;
  try {
    value = toValueSync(context._get(path as string[]));
  } catch (error) {
    const [token = node.token] = (node as Output).value.initial.postfix;
    throw new UndefinedVariableError(error as Error, token);
  }
  return (context.opts.outputEscape as OutputFilter).call({ context }, value);
}

/**
 * Stands in for liquidjs' renderer. Always synchronous: returns the text where liquidjs returns a
 * generator of it, which it takes as well. With `budget.missing`, a node that lacks a variable is
 * noted and left out.
 */
export const renderer = {
  renderTemplates(templates: readonly Prepared[], context: Context, emitter?: Emitter): string {
    const budget = budgetOf(context);
    const out = emitter ?? new CountingEmitter(budget);
    budget.enter();
    for (const node of templates) {
      try {
        budget.spend(node.cost ?? prepare(node));
        if (node.str !== undefined) out.write(node.str);
        else if (node.path !== undefined) out.write(lookUp(node, node.path, context));
        else {
          const html = toValueSync(node.render(context, out) as IterableIterator<unknown>);
          if (html) out.write(html);
        }
      } catch (error) {
        if (budget.missing === null || !(error instanceof UndefinedVariableError)) {
          throw LiquidError.is(error) ? error : new RenderError(error as Error, node);
        }
        budget.missing.note(error.token.getText());
      }
      if (context.breakCalled || context.continueCalled) break;
    }
    budget.leave();
    return out.buffer;
  },
};

/** liquidjs' operators, paying for themselves and for what they walk. */
export const operators: Operators = Object.fromEntries(
  Object.entries(defaultOperators).map(([name, run]) => [
    name,
    (...operands: unknown[]) => {
      const budget = budgetOf(operands[operands.length - 1] as Context);
      const [left, right] = operands;
      budget.spend(COST.operator);
      if (typeof left === "object") budget.measure(left);
      if (name === "contains" && typeof left === "string") budget.search(left, right);
      return (run as (...args: unknown[]) => ReturnType<typeof run>)(...operands);
    },
  ]),
);

/** `case` compares by itself, without the operators. */
class CountedCase extends CaseTag {
  override *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
    const target = yield this.value.value(context, true);
    const budget = budgetOf(context);
    for (const branch of this.branches) for (const _ of branch.values) budget.measure(target);
    yield* super.render(context, emitter);
  }
}

/** What a loop goes over, in the place of its token: paid for each time that the loop starts. */
class LoopOver extends Expression {
  override *evaluate(context: Context): Generator<unknown, unknown, unknown> {
    const collection = yield super.evaluate(context);
    if (Array.isArray(collection)) budgetOf(context).spend(collection.length);
    // liquidjs makes a pair of every property.
    else if (typeof collection === "object" && collection !== null) {
      budgetOf(context).spend(Object.keys(collection).length * COST.node);
    }
    return collection;
  }
}

type LoopTag = ForTag | TablerowTag;

function countLoop(tag: LoopTag): void {
  const inner = tag.collection;
  const counted = { kind: TokenKind.FilteredValue, initial: new LoopOver([inner]), filters: [], getText: () => inner.getText() };
  tag.collection = counted as unknown as LoopTag["collection"];
}

class CountedFor extends ForTag {
  constructor(...args: ConstructorParameters<typeof ForTag>) {
    super(...args);
    countLoop(this);
  }
}

class CountedTablerow extends TablerowTag {
  constructor(...args: ConstructorParameters<typeof TablerowTag>) {
    super(...args);
    countLoop(this);
  }
}

/** Tags that pay for what they walk. Layouts are not offered. */
export function countTags(liquid: Liquid): void {
  liquid.registerTag("case", CountedCase);
  liquid.registerTag("for", CountedFor);
  liquid.registerTag("tablerow", CountedTablerow);
  delete liquid.tags.layout;
  delete liquid.tags.block;
}
