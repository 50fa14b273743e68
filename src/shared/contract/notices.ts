/** Notices as callers read them. */
import { z } from "zod";
import { NOTICE_TYPES, type NoticeType } from "../core/notice.ts";
import { pageQuery, timestamp } from "./common.ts";

export const listNotices = z.strictObject({
  ...pageQuery,
  type: z.enum(NOTICE_TYPES).optional(),
  project_id: z.string().max(64).optional().describe("Only those about this project. All of the tenant unless set."),
});

export const listTenantNotices = z.strictObject({ tenant_id: z.string().max(64), ...listNotices.shape });

/** What each type is about, and what stands in its details. */
const MEANING: Readonly<Record<NoticeType, string>> = {
  "connection.opened":
    "A connection failed too often and is left alone for a while; `subject` is its id. Details: its `name`, `provider` and `channel`, the `code` of the failure that did it, `consecutive_failures`, `since` when, and `until` when it is left alone.",
  "connection.closed":
    "The connection works again. Details: its `name`, `provider` and `channel`, and `by` what: a try that went well, or a person.",
  "connection.misconfigured":
    "The provider refuses the connection's credentials or settings: correct them. Details as for `connection.opened`.",
  "key.suspended":
    "An API key was suspended; `subject` is its id. Details: `reason`. With `rate_spike`: `messages` in the `minute`, the key's `average_per_minute` over the hour before it, and the `rate_factor` that was allowed. With `failure_spike`: of the `messages` accepted between `from` and `to`, how many `failed`, and that as `failure_percent`. With `by_hand`: `by` whom. With `operator`: nothing more.",
  "backlog.shedding":
    "More is waiting than may, so less urgent messages are refused; `subject` is the lane. Details: `refused_above` how many waiting messages, what is `waiting` by lane, `since` when, and at which `gate_shard` of the tenant.",
  "backlog.recovered": "The lane takes messages again. Details as for `backlog.shedding`.",
  "webhook.disabled":
    "Nothing is posted to a webhook any more; `subject` is its id. Details: its `url`; `reason`, which is `gone` where it answered 410 and `failing` where nothing but failure came back for five days; and `failing_since` when.",
  "callbacks.forged":
    "Somebody calls the connection's `callback_url` and cannot prove to be the provider; `subject` is its id. All of it was refused. Told once an hour at most. Details: its `name`, `provider` and `channel`, the latest `reason`, and how many were `forged` at least, and `since` when. Where the provider itself calls in vain, its `callback_verification` is not the right one.",
};

export const noticeShape = z
  .object({
    id: z.string(),
    project_id: z.string().nullable().describe("Null where it is about the whole tenant."),
    type: z.enum(NOTICE_TYPES).describe(NOTICE_TYPES.map((type) => `\`${type}\`: ${MEANING[type]}`).join("\n\n")),
    subject: z.string().describe("What it is about: an id, or the name of a lane."),
    details: z.record(z.string(), z.unknown()).describe("Plain facts, by type; more may be added."),
    created_at: timestamp,
  })
  .meta({ id: "Notice" });
