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
import { budgetOf, CountingEmitter } from "./output.ts";

interface Costed extends Template {
  cost?: number;
}

/** Units to run a node once, without what is inside it: by the length of its source, conditions included. */
function costOf(node: Costed): number {
  if (node.cost !== undefined) return node.cost;
  let chars = node.token.kind === TokenKind.HTML ? 0 : node.token.end - node.token.begin;
  if (node instanceof IfTag || node instanceof UnlessTag) for (const { value } of node.branches) chars += lengthOf(value);
  if (node instanceof CaseTag) for (const { values } of node.branches) for (const v of values) chars += 10 + v.end - v.begin;
  node.cost = COST.node + chars * COST.sourceChar;
  return node.cost;
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

/**
 * Stands in for liquidjs' renderer. Always synchronous: returns the text where liquidjs returns a
 * generator of it, which it takes as well. With `budget.missing`, a node that lacks a variable is
 * noted and left out.
 */
export const renderer = {
  renderTemplates(templates: readonly Template[], context: Context, emitter?: Emitter): string {
    const budget = budgetOf(context);
    const out = emitter ?? new CountingEmitter(budget);
    budget.enter();
    for (const node of templates) {
      try {
        budget.spend(costOf(node));
        const html = toValueSync(node.render(context, out) as IterableIterator<unknown>);
        if (html) out.write(html);
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
