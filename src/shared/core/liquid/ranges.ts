/** Ranges such as `(1..n)`, made safe. liquidjs counts upwards by one, and above 2^53 that never arrives. */
import { type Context, Expression, type RangeToken, type Token, Tokenizer, TokenKind } from "liquidjs";
import { Stop } from "./budget.ts";

/** An end of a range: a whole number that adding one to changes. */
class RangeEnd extends Expression {
  override *evaluate(context: Context): Generator<unknown, unknown, unknown> {
    const end = Math.trunc(Number(yield super.evaluate(context)));
    if (!Number.isSafeInteger(end)) throw new Stop("range_invalid");
    return end;
  }
}

type End = RangeToken["lhs"];
type ReadsRanges = { readGroupOrRange(): RangeToken | undefined };

/** The same token, as one that liquidjs evaluates through `RangeEnd`. */
function checked(inner: Token): End {
  const { input, begin, end, file } = inner;
  const token = {
    ...{ kind: TokenKind.FilteredValue, initial: new RangeEnd([inner]), filters: [], input, begin, end, file },
    getText: () => inner.getText(),
    getPosition: () => inner.getPosition(),
    size: () => inner.size(),
  };
  return token as unknown as End;
}

// liquidjs makes its own tokenizers wherever it reads an expression, also at render time, so their
// prototype is the one place through which every range passes. (`readGroupOrRange` is public in 10.30.)
const tokenizers = Tokenizer.prototype as unknown as ReadsRanges;
const readRange = tokenizers.readGroupOrRange;

/** Makes every range that is parsed from now on a checked one. Called once, by engine.ts. */
export function checkRanges(): void {
  tokenizers.readGroupOrRange = function (this: ReadsRanges) {
    const token = readRange.call(this);
    if (token?.kind === TokenKind.Range) {
      token.lhs = checked(token.lhs);
      token.rhs = checked(token.rhs);
    }
    return token;
  };
}
