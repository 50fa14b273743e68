/** Which refusals a route can answer with: those that follow from its shape, and those that it declares. */
import { FAULTS, type FaultCode } from "../../../src/shared/core/faults.ts";
import type { Route } from "../route.ts";

/** Whether the route passes the tenant's gate, which has a token bucket and a quota. */
export function isMetered(route: Route): boolean {
  return route.idempotent === true || route.cachedAuth === true || route.faults?.includes("rate_limited") === true;
}

/** In the order of the table, so that documents are stable. */
export function refusalsOf(route: Route): FaultCode[] {
  const codes = new Set<FaultCode>(route.faults);
  const add = (when: boolean, ...more: FaultCode[]): void => {
    if (when) for (const code of more) codes.add(code);
  };
  const hasKey = route.auth !== "public";
  add(hasKey, "unauthenticated");
  add(hasKey && route.auth !== "operator", "key_revoked", "key_expired", "key_suspended", "forbidden");
  add(hasKey && route.path.includes("{"), "not_found");
  add(route.params !== undefined || route.query !== undefined || route.idempotent === true, "bad_request");
  add(route.body !== undefined, "malformed_json", "unsupported_media_type", "validation_failed");
  add(route.body !== undefined || route.rawBody === true, "body_too_large");
  add(route.idempotent === true, "idempotency_key_reused");
  add(isMetered(route), "rate_limited", "quota_exceeded", "backlog_full");
  add(hasKey, "unavailable");
  add(true, "internal");
  return (Object.keys(FAULTS) as FaultCode[]).filter((code) => codes.has(code));
}

/** Refusals by their status. */
export function byStatus(codes: readonly FaultCode[]): Map<number, FaultCode[]> {
  const found = new Map<number, FaultCode[]>();
  for (const code of codes) {
    const { status } = FAULTS[code];
    found.set(status, [...(found.get(status) ?? []), code]);
  }
  return found;
}
