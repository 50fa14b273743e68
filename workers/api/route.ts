/**
 * A route: its shape, its permission, its handler. From these the app validates, OpenAPI is generated,
 * and the test batteries know what to try.
 */
import type { z } from "zod";
import type { FaultCode } from "../../src/shared/core/faults.ts";
import type { Caller, Scope } from "../../src/shared/core/tenant.ts";
import type { Actor, Deps } from "../../src/shared/verbs/deps.ts";

export interface Reply {
  /** Ids and counts for the request's log line; no personal data. */
  readonly log?: Readonly<Record<string, string | number>>;
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a handler is called with. `caller` is set on routes that need a key. */
export interface Call<P = unknown, Q = unknown, B = unknown> {
  readonly deps: Deps;
  readonly request: Request;
  readonly requestId: string;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** The body as it came, for what must hash or keep it; empty where the route takes none. */
  readonly rawBody: Uint8Array;
  readonly caller: Caller;
  readonly actor: Actor;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

type Shape = z.ZodType | undefined;
type Out<S extends Shape> = S extends z.ZodType ? z.output<S> : undefined;

export interface DeclaredResponse {
  readonly description: string;
  readonly body: z.ZodType | null;
  readonly mediaType?: string;
  /** Headers beyond those that every answer has → what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** A scope, `operator`, or `public`. */
  readonly auth: Scope | "operator" | "public";
  /** Set on routes that may use a caller cached for up to 30 s, because their gate knows revoked keys. */
  readonly cachedAuth?: boolean;
  /** Its resources belong to the tenant, and a key of any of its projects reaches them. */
  readonly tenantWide?: boolean;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** What the docs show as the body, where the handler itself checks its parts one by one. */
  readonly documentBody?: z.ZodType;
  /** 64 KiB unless set. */
  readonly maxBodyBytes?: number;
  /** The body is bytes of any type: neither parsed nor validated; `streamed` where the handler reads it from `request`. */
  readonly rawBody?: boolean | "streamed";
  /** Status → what it means and its shape; `null` for no body. */
  readonly responses: Readonly<Record<number, DeclaredResponse>>;
  /** The route reads `Idempotency-Key`, and says `Idempotent-Replayed` where an answer is a repeat. */
  readonly idempotent?: boolean;
  /** Bodies that are valid: shown in OpenAPI and the docs, and what the fuzz starts from. One is made up where none is given. */
  readonly examples?: readonly { readonly summary: string; readonly body: unknown }[];
  /** Refusals that this route can answer with, beyond those that follow from its shape. */
  readonly faults?: readonly FaultCode[];
  readonly handle: (call: Call<never, never, never>) => Promise<Reply | Response>;
}

/** Declares a route; the handler's input is typed by the shapes beside it. */
export function route<P extends Shape = undefined, Q extends Shape = undefined, B extends Shape = undefined>(
  definition: Omit<Route, "handle" | "params" | "query" | "body"> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly handle: (call: Call<Out<P>, Out<Q>, Out<B>>) => Promise<Reply | Response>;
  },
): Route {
  return definition as unknown as Route;
}
