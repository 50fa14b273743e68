/** Lanes of one invocation that several share. */
import type { Lanes } from "../src/shared/verbs/lanes.ts";

/** A bound on jobs under way, which those who ask share: each has a turn before anybody has a second one. */
export function fairLanes(width: number): () => Lanes {
  let free = width;
  /** Who waits, in the order of their turns; a queue is never empty. */
  const waiting: (() => void)[][] = [];
  const leave = (): void => {
    const queue = waiting.shift();
    if (!queue) {
      free += 1;
      return;
    }
    queue.shift()?.();
    if (queue.length > 0) waiting.push(queue);
  };
  return () => {
    const mine: (() => void)[] = [];
    return async (job) => {
      if (free > 0) free -= 1;
      else {
        await new Promise<void>((resolve) => {
          if (mine.push(resolve) === 1) waiting.push(mine);
        });
      }
      try {
        return await job();
      } finally {
        leave();
      }
    };
  };
}
