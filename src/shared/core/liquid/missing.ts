/** Finds every variable that a rendering lacks, instead of stopping at the first. */
import { Context } from "liquidjs";
import type { Missing } from "./budget.ts";

/** A node that lacks several variables names one a pass. */
const MAX_PASSES = 8;

/** What was not there so far: as the template writes it, and by path for the passes that follow. */
export class Lack implements Missing {
  readonly variables = new Set<string>();
  readonly paths = new Set<string>();
  lastPath = "";

  note(variable: string): void {
    this.variables.add(variable);
    this.paths.add(this.lastPath);
  }
}

/** A context in which a variable that was missing before is an empty text. */
export class LackingContext extends Context {
  lack = new Lack();

  override *_get(paths: Parameters<Context["_get"]>[0]): IterableIterator<unknown> {
    const path = paths.join(".");
    if (this.lack.paths.has(path)) return "";
    try {
      return yield super._get(paths);
    } catch (error) {
      this.lack.lastPath = path;
      throw error;
    }
  }

  override spawn(scope: object = {}): Context {
    const limits = { memoryLimit: this.memoryLimit, renderLimit: this.renderLimit, liquid: this.liquid };
    const options = { sync: true, strictVariables: this.strictVariables };
    const child = new LackingContext(scope, this.opts, options, limits);
    child.lack = this.lack;
    return child;
  }
}

/** Runs `pass` until it finds nothing new that is missing; returns what is. */
export function collectMissing(pass: (lack: Lack) => void): string[] {
  const lack = new Lack();
  for (let i = 0; i < MAX_PASSES; i++) {
    const before = lack.paths.size;
    pass(lack);
    if (lack.paths.size === before) break;
  }
  return [...lack.variables];
}
