/**
 * Every refusal that a caller can meet, in one closed table. problem+json, OpenAPI and the docs are
 * derived from it; nobody reads an error's prose.
 */
export const FAULTS = {
  malformed_json: { status: 400, title: "The body is not valid JSON" },
  bad_request: { status: 400, title: "The request is malformed" },
  unauthenticated: { status: 401, title: "A valid API key is required" },
  key_revoked: { status: 401, title: "This API key was revoked" },
  key_expired: { status: 401, title: "This API key has expired" },
  key_suspended: { status: 403, title: "This API key is suspended" },
  callback_forged: { status: 401, title: "The callback does not prove that it comes from the provider" },
  forbidden: { status: 403, title: "This key lacks the scope that the call needs" },
  not_found: { status: 404, title: "There is no such resource" },
  method_not_allowed: { status: 405, title: "The resource does not answer to this method" },
  conflict: { status: 409, title: "The resource is in a state that does not allow this" },
  already_exists: { status: 409, title: "A resource of this name exists" },
  body_too_large: { status: 413, title: "The body is larger than this endpoint takes" },
  unsupported_media_type: { status: 415, title: "The body must be application/json" },
  validation_failed: { status: 422, title: "The body does not have the right shape" },
  idempotency_key_reused: { status: 422, title: "This idempotency key was used with another body" },
  template_invalid: { status: 422, title: "The template cannot be rendered" },
  rate_limited: { status: 429, title: "Too many requests" },
  quota_exceeded: { status: 429, title: "The quota of this tenant is used up" },
  internal: { status: 500, title: "Something broke on our side" },
  backlog_full: { status: 503, title: "Too many messages of this tenant wait already" },
  unavailable: { status: 503, title: "Carillon cannot take this now; try again" },
} as const satisfies Record<string, { status: number; title: string }>;

export type FaultCode = keyof typeof FAULTS;

/** One located error of a body: a JSON path such as `to[0].destination`, and what is wrong there. */
export interface Flaw {
  readonly path: string;
  readonly message: string;
}

export interface FaultDetails {
  readonly detail?: string;
  readonly errors?: readonly Flaw[];
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal. Thrown by verbs, turned into problem+json at the door. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly details: FaultDetails;

  constructor(code: FaultCode, details: FaultDetails = {}) {
    super(details.detail ?? FAULTS[code].title);
    this.name = "Fault";
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return FAULTS[this.code].status;
  }
}
