/** The parameters, headers and security schemes that operations refer to by name. */
import type { Schema } from "./schema.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

export interface Header {
  readonly description: string;
  readonly schema: Schema;
}

export interface Ref {
  readonly $ref: string;
}

const text = (examples: readonly string[], rest: Schema = {}): Schema => ({ type: "string", ...rest, examples });

export const PARAMETERS = {
  RequestId: {
    name: "X-Request-Id",
    in: "header",
    required: false,
    description: "Your id of this request, taken over into the answer and the logs. One is made where none is given.",
    schema: text(["req-7f3a"], { pattern: "^[A-Za-z0-9._:-]{1,128}$" }),
  },
  Traceparent: {
    name: "traceparent",
    in: "header",
    required: false,
    description: "W3C trace context; comes back in the answer.",
    schema: text(["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"], {
      pattern: "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
    }),
  },
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description: "Makes a repeat of this call safe, for 24 hours unless the project says otherwise. Bare or quoted.",
    schema: text(["order-12345-shipped"], { minLength: 1, maxLength: 257 }),
  },
} as const satisfies Record<string, Parameter>;

export const HEADERS = {
  RequestId: { description: "The id of this request. Tell it to support.", schema: text(["req_01K5Z8Q4M2000000000000000"]) },
  IdempotentReplayed: {
    description: "`true` where this is the answer to an earlier call with the same key.",
    schema: { type: "string", enum: ["true"] },
  },
  RateLimitPolicy: {
    description: "The bucket: `q` tokens, filled up again within `w` seconds.",
    schema: text(['"burst";q=2000;w=20']),
  },
  RateLimit: {
    description: "What is left in the bucket (`r`), and when it is full again (`t` seconds).",
    schema: text(['"burst";r=1999;t=1']),
  },
  RetryAfter: { description: "Seconds to wait before the next try.", schema: { type: "integer", minimum: 1, examples: [2] } },
  WwwAuthenticate: { description: "How to authenticate.", schema: text(['Bearer realm="carillon"']) },
} as const satisfies Record<string, Header>;

export const SECURITY_SCHEMES = {
  apiKey: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "ck_live_… or ck_test_…",
    description:
      "An API key of a project, made with `POST /v1/keys`. It carries scopes, and each operation names the one it needs. A test key only ever reaches the sandbox.",
  },
  operatorKey: {
    type: "http",
    scheme: "bearer",
    description:
      "The key of whoever runs this deployment. It opens `/admin` and `/metrics`, and nothing that belongs to a tenant.",
  },
} as const;

export const parameterRef = (name: keyof typeof PARAMETERS): Ref => ({ $ref: `#/components/parameters/${name}` });
export const headerRef = (name: keyof typeof HEADERS): Ref => ({ $ref: `#/components/headers/${name}` });
