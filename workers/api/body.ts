/** Reads and validates what a caller sent. Every flaw is reported at once, with its path. */
import type { z } from "zod";
import { flawsOf } from "../../src/shared/contract/flaws.ts";
import { Fault } from "../../src/shared/core/faults.ts";

/** Far above any real body, and far below where SQLite (1,000 levels) and the stack give up on what was accepted. */
const MAX_DEPTH = 64;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** JSON, and what curl and fetch say of a body when nobody tells them what it is. */
const JSON_TYPES: ReadonlySet<string> = new Set(["application/json", "text/plain", "application/x-www-form-urlencoded"]);

export function parseJson(bytes: Uint8Array, contentType: string | null): unknown {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (type && !JSON_TYPES.has(type) && !type.endsWith("+json")) {
    throw new Fault("unsupported_media_type", { detail: `Got ${type.slice(0, 100)}.` });
  }
  if (nestsDeeper(bytes, MAX_DEPTH)) {
    throw new Fault("validation_failed", { errors: [{ path: "", message: `Nested more than ${MAX_DEPTH} levels deep.` }] });
  }
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw new Fault("malformed_json", {
      detail: error instanceof SyntaxError ? error.message.slice(0, 200) : "The body is not UTF-8.",
    });
  }
}

/** Whether brackets nest deeper than `limit`; those inside strings do not count. */
function nestsDeeper(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  let isString = false;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i];
    if (isString) {
      if (c === 0x5c) i += 1;
      else if (c === 0x22) isString = false;
    } else if (c === 0x22) isString = true;
    else if (c === 0x7b || c === 0x5b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (c === 0x7d || c === 0x5d) depth -= 1;
  }
  return false;
}

/** Parses with a shape; a value that does not fit is refused with all of its flaws. */
export function validate<S extends z.ZodType>(
  shape: S,
  value: unknown,
  code: "validation_failed" | "bad_request" = "validation_failed",
): z.output<S> {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  throw new Fault(code, { errors: flawsOf(result.error) });
}
