/** zod's issues as located flaws. */
import type { z } from "zod";
import type { Flaw } from "../core/faults.ts";

const MOST = 1000;

export function flawsOf(error: z.ZodError): Flaw[] {
  const flaws = error.issues.flatMap((issue): Flaw[] =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ path: jsonPath([...issue.path, key]), message: "There is no such field." }))
      : [{ path: jsonPath(issue.path), message: issue.message }],
  );
  return flaws.slice(0, MOST);
}

/** `["to", 0, "destination"]` → `to[0].destination`. */
export function jsonPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((out, part) => {
    if (typeof part === "number") return `${out}[${part}]`;
    return out === "" ? String(part) : `${out}.${String(part)}`;
  }, "");
}
