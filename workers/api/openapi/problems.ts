/** Problem responses: one component for each set of codes that share a status. */
import { FAULTS, type FaultCode } from "../../../src/shared/core/faults.ts";
import { PROBLEM_TYPE, problemType } from "../../../src/shared/runtime/problem.ts";
import { type Header, headerRef, type Ref } from "./components.ts";
import type { Schema } from "./schema.ts";

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Ref | Header>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

export interface MediaType {
  readonly schema: Schema;
  readonly examples?: Readonly<Record<string, { readonly summary?: string; readonly value: unknown }>>;
}

export class ProblemPool {
  readonly #components = new Map<string, Response>();
  readonly #base: Schema;

  /** `base` is the schema that all problems share. */
  constructor(base: Schema) {
    this.#base = base;
  }

  /** A reference to the response that stands for these codes; all of one status. */
  responseOf(status: number, codes: readonly FaultCode[]): Ref {
    const name = codes.join(".");
    if (!this.#components.has(name)) this.#components.set(name, this.#draw(status, codes));
    return { $ref: `#/components/responses/${name}` };
  }

  components(): Record<string, Response> {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  contentOf(status: number, codes: readonly FaultCode[]): Record<string, MediaType> {
    return {
      [PROBLEM_TYPE]: {
        schema: {
          allOf: [
            this.#base,
            { type: "object", properties: { status: { const: status }, code: { type: "string", enum: codes } } },
          ],
        },
        examples: Object.fromEntries(codes.map((code) => [code, { summary: FAULTS[code].title, value: exampleOf(code) }])),
      },
    };
  }

  #draw(status: number, codes: readonly FaultCode[]): Response {
    return {
      description: codes.map((code) => `\`${code}\`: ${FAULTS[code].title}.`).join(" "),
      headers: {
        "X-Request-Id": headerRef("RequestId"),
        ...(status === 401 ? { "WWW-Authenticate": headerRef("WwwAuthenticate") } : {}),
        ...(status === 429
          ? {
              "RateLimit-Policy": headerRef("RateLimitPolicy"),
              RateLimit: headerRef("RateLimit"),
              "Retry-After": headerRef("RetryAfter"),
            }
          : {}),
        ...(status === 503 ? { "Retry-After": headerRef("RetryAfter") } : {}),
      },
      content: this.contentOf(status, codes),
    };
  }
}

/** A problem of this code as a caller sees it. */
export function exampleOf(code: FaultCode): Record<string, unknown> {
  const { status, title } = FAULTS[code];
  return {
    type: problemType(code),
    title,
    status,
    code,
    ...(code === "validation_failed"
      ? { errors: [{ path: "name", message: "Invalid input: expected string, received number" }] }
      : {}),
    request_id: "req_01K5Z8Q4M2000000000000000",
  };
}
