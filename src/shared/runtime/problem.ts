/** RFC 9457 problem+json, the shape of every error of every endpoint. */
import { FAULTS, type Fault, type FaultCode } from "../core/faults.ts";

export const PROBLEM_TYPE = "application/problem+json";

/** `type` of a problem: a page of the docs that explains the code. */
export function problemType(code: FaultCode): string {
  return `/docs#problem-${code}`;
}

export function problem(fault: Fault, requestId: string): Response {
  const { status, title } = FAULTS[fault.code];
  const { detail, errors, retryAfterSeconds, headers } = fault.details;
  return new Response(
    JSON.stringify({
      type: problemType(fault.code),
      title,
      status,
      code: fault.code,
      ...(detail === undefined ? {} : { detail }),
      ...(errors === undefined ? {} : { errors }),
      request_id: requestId,
    }),
    {
      status,
      headers: {
        "content-type": PROBLEM_TYPE,
        ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))) }),
        ...(status === 401 ? { "www-authenticate": 'Bearer realm="carillon"' } : {}),
        ...headers,
      },
    },
  );
}
