/** What each refusal means and what to do about it. `type` of a problem points here. */
import type { FaultCode } from "../../../src/shared/core/faults.ts";

export const FAULT_HELP: Readonly<Record<FaultCode, string>> = {
  malformed_json:
    "The body could not be read as JSON in UTF-8. `detail` says where reading stopped. Look for a cut-off body, a trailing comma, or text in another encoding.",
  bad_request: "A parameter in the path, the query or a header does not have the right form. `errors` names it.",
  unauthenticated:
    "There is no `Authorization: Bearer` header, or its key is not known here. Check that the key is whole and belongs to this deployment; operations under `/admin` take the operator's key and no other.",
  key_revoked: "Someone revoked this key. It will not work again: use another one.",
  key_expired: "The time that was set for this key is over, or it was rotated and its overlap has ended. Use the new key.",
  key_suspended:
    "This key was suspended: by someone, or because it was used in a way that looks like abuse. Ask with another key: `GET /v1/notices` says why, and `POST /v1/keys/{id}/resume` lets it work again. What was accepted before is still sent.",
  callback_forged:
    "Only at a connection's `callback_url`: what was posted is not signed as the connection's `callback_verification` says, is too old, or is a replay. Nothing of it was believed. The reason is in the log and, once an hour, in `GET /v1/notices`.",
  forbidden: "The key is good, but lacks the scope that `detail` names, or its tenant is suspended. Make a key with that scope.",
  not_found:
    "There is no such path, or no such resource that this key may see. What belongs to another tenant does not exist for you.",
  method_not_allowed: "The path exists, but not with this method. The `Allow` header lists those that it takes.",
  conflict:
    "The resource is in a state that does not allow this, such as cancelling a message that is already sent. Read it again and decide anew.",
  already_exists: "A resource of this name exists in the project. Choose another name, or change the one that is there.",
  body_too_large:
    "The body is larger than this operation takes; `detail` gives the limit. Send less at a time, or use attachments.",
  unsupported_media_type:
    "The `Content-Type` says that the body is not JSON. `application/json` is right; what curl and fetch send unasked is taken too.",
  validation_failed:
    "The body is JSON, but not of the right shape. `errors` lists every flaw at once, each with its `path`. Trying again without a change will fail again.",
  idempotency_key_reused:
    "This idempotency key came with another body before. Nothing was sent. Use a new key for a new request, and the same body for a repeat.",
  template_invalid: "The template does not parse, or cannot be rendered with what it was given. `detail` and `errors` say where.",
  rate_limited:
    "The token bucket of the tenant or of the key is empty. Wait for as long as `Retry-After` says. Nothing was sent.",
  quota_exceeded:
    "The tenant has used up its messages of this month. Nothing was sent. Ask for a larger quota, or wait until `Retry-After`.",
  internal:
    "A fault of ours. It is logged under `request_id`. A repeat is safe for reads, and for sends with an idempotency key.",
  backlog_full:
    "More messages of this tenant are due than can be sent at the moment, so the least urgent are refused: `low` first, at twice as many `normal`, at four times as many `high`, and `critical` never. Nothing was stored, the idempotency key neither. Try again after `Retry-After`, which follows from how fast the backlog shrinks. Messages scheduled for later than five minutes from now are taken all the while.",
  unavailable:
    "Something that this call needs cannot be reached now. Nothing was accepted. Try again after `Retry-After`, with the same idempotency key.",
};
