/** Runs of messages, taken apart and put together: what a row of the outbox is made of. */
import { indexInRun, messageIdAt } from "../../src/shared/core/ids.ts";
import type { Submission } from "../../src/shared/core/message.ts";

/** The messages of a run below `top`, as a list shows them: without content and variables. */
export function below(s: Submission, top: string): Submission[] {
  const { content: _content, variables: _variables, ...order } = s.order;
  return s.to.flatMap(({ channel, destination }, i) => {
    const first = messageIdAt(s.first, i);
    return first < top ? [{ ...s, first, order, to: [{ channel, destination }] }] : [];
  });
}

/** One message of a run, as a run of its own. */
export function single(s: Submission, index: number): Submission {
  const recipient = s.to[index];
  if (!recipient) throw new Error(`submission ${s.first} has no recipient ${index}`);
  return { ...s, first: messageIdAt(s.first, index), to: [recipient] };
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
  if (index > 0) parts.push({ ...s, to: s.to.slice(0, index) });
  if (index + 1 < s.to.length) parts.push({ ...s, first: messageIdAt(s.first, index + 1), to: s.to.slice(index + 1) });
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
