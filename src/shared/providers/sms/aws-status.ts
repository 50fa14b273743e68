import type { FailedReceipt } from "../../core/message.ts";

/**
 * What a status means where AWS named no error that we know. Neither SMS service knows idempotency for a phone number, and
 * neither promises anything about 5xx: the message may be out.
 */
export function byStatus(status: number): FailedReceipt["outcome"] {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500) return "unknown";
  if (status === 401 || status === 403 || status === 404 || status < 400) return "misconfigured";
  return "permanent";
}
