/** Runs of messages, taken apart and put together: what a row of the outbox is made of. */
import { indexInRun, messageIdAt } from "../../src/shared/core/ids.ts";
import type { Submission } from "../../src/shared/core/message.ts";

/** The messages of a run below `top`, as a list shows them: without content and variables. */
export function below(s: Submission, top: string): Submission[] {
  const { content: _content, variables: _variables, ...order } = s.order;
  return s.to.flatMap(({ channel, destination }, i) => {
    const one = cut(s, i, i + 1);
    return one.first < top ? [{ ...one, order, to: [{ channel, destination }] }] : [];
  });
}

/** One message of a run, as a run of its own. */
export function single(s: Submission, index: number): Submission {
  if (!s.to[index]) throw new Error(`submission ${s.first} has no recipient ${index}`);
  return cut(s, index, index + 1);
}

/** Messages `from` up to, and without, `end`. */
function cut(s: Submission, from: number, end: number): Submission {
  return {
    ...s,
    first: messageIdAt(s.first, from),
    to: s.to.slice(from, end),
    ...(s.after === undefined ? {} : { after: s.after.slice(from, end) }),
  };
}

/** The message of this id among the runs of a row, or null. */
export function pick(submissions: readonly Submission[], id: string): Submission | null {
  for (const s of submissions) {
    const index = indexInRun(s.first, s.to.length, id);
    if (index >= 0) return single(s, index);
  }
  return null;
}

/** The run without one of its messages: up to two runs. */
export function without(s: Submission, id: string): Submission[] {
  const index = indexInRun(s.first, s.to.length, id);
  if (index < 0) return [s];
  const parts: Submission[] = [];
  if (index > 0) parts.push(cut(s, 0, index));
  if (index + 1 < s.to.length) parts.push(cut(s, index + 1, s.to.length));
  return parts;
}

/** What a row says about the runs in it. */
export function group(submissions: readonly Submission[]): { first: string; last: string; n: number; body: string } {
  const firsts = submissions.map((s) => s.first).sort();
  const lasts = submissions.map((s) => messageIdAt(s.first, s.to.length - 1)).sort();
  return {
    first: firsts[0] ?? "",
    last: lasts[lasts.length - 1] ?? "",
    n: submissions.reduce((sum, s) => sum + s.to.length, 0),
    body: JSON.stringify(submissions),
  };
}
