/** Projects of a tenant, and how each wants its messages handled. */
import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import { MAX_RETRY_SECONDS, type RetryPolicy } from "../core/retry.ts";
import { MOST_SEGMENTS } from "../core/sms.ts";
import { FAIL_OVER_OUTCOMES, MAX_IDEMPOTENCY_SECONDS, type ProjectSettings } from "../core/tenant.ts";
import { UNSUBSCRIBE_MODES } from "../core/unsubscribe.ts";
import { byChannel, timestamp } from "./common.ts";
import { signingKeyShape } from "./webhook-keys.ts";

export const projectId = z.object({ id: z.string().max(64) });

const name = z.string().min(1).max(100);

const retry = z.strictObject({
  steps_seconds: z
    .array(z.number().min(1).max(3600))
    .min(1)
    .max(10)
    .describe("The longest wait after the first tries; afterwards each is twice the one before, up to the cap."),
  cap_seconds: z.number().min(1).max(43_200).describe("No wait is longer."),
  total_seconds: z
    .int()
    .min(60)
    .max(MAX_RETRY_SECONDS)
    .describe("A delivery is given up this long after it was due: 7 days at most."),
});
type Retry = z.output<typeof retry>;

const idempotencySeconds = z
  .int()
  .min(60)
  .max(MAX_IDEMPOTENCY_SECONDS)
  .describe("How long an idempotency key is kept: 24 hours unless set. Keys that are kept already stay as long as they were to.");

const tracking = z.strictObject({ opens: z.boolean(), clicks: z.boolean() });

const unsubscribe = z
  .enum(UNSUBSCRIBE_MODES)
  .describe(
    "Which mails offer to unsubscribe by one click, unless a send says so itself: those of the category `marketing`, unless set.",
  );

const failOverOn = z.array(z.enum(FAIL_OVER_OUTCOMES)).max(FAIL_OVER_OUTCOMES.length);

const smsMaxSegments = z
  .int()
  .min(1)
  .max(MOST_SEGMENTS)
  .describe(
    "Segments that one SMS may take: 10 unless set. A longer text is refused, or fails with code `too_long` where it was rendered.",
  );

const changedSettings = z
  .strictObject({
    idempotency_seconds: idempotencySeconds.exactOptional(),
    retry: retry.exactOptional().describe("When a delivery is tried again. Replaces the whole policy."),
    retry_by_channel: byChannel(retry.nullable().exactOptional())
      .exactOptional()
      .describe("Channels with a policy of their own; null gives a channel back to the project's. Others stay as they are."),
    tracking: tracking
      .exactOptional()
      .describe("What is tracked in mails, unless a send says otherwise. Nothing, unless it is switched on here or there."),
    unsubscribe: unsubscribe.exactOptional(),
    fail_over_on: failOverOn
      .exactOptional()
      .describe(
        "After which answers of a provider the next connection is tried at once. `transient`, `throttled` and `misconfigured` unless set; `permanent` and `recipient_invalid` may be added. An answer that never came is never failed over: it may have been sent.",
      ),
    sms_max_segments: smsMaxSegments.exactOptional(),
  })
  .describe("What is left out stays as it is.");

export const createProject = z.strictObject({
  name,
  settings: changedSettings.default({}),
  sandbox: z.boolean().default(true).describe("A sandbox connection on every channel, so that it can send at once."),
});

export const updateProject = z.strictObject({ name: name.exactOptional(), settings: changedSettings.exactOptional() });

export const projectShape = z
  .object({
    id: z.string(),
    name: z.string(),
    settings: z.object({
      idempotency_seconds: z.number(),
      retry: z.object(retry.shape),
      retry_by_channel: byChannel(z.object(retry.shape).optional()),
      tracking,
      unsubscribe,
      fail_over_on: failOverOn,
      sms_max_segments: smsMaxSegments,
    }),
    callback_keys: z.array(signingKeyShape).describe("What signs callbacks to a `callback_url`, the newest first."),
    created_at: timestamp,
  })
  .meta({ id: "Project" });

export const newProjectShape = projectShape
  .extend({
    live_key: z.string().describe("Shown once, and never again."),
    test_key: z.string().describe("Shown once, and never again."),
    callback_secret: z
      .string()
      .describe("Signs what is posted to the `callback_url` of this project's messages. Shown once, and never again."),
  })
  .meta({ id: "NewProject" });

function policyIn({ steps_seconds, cap_seconds, total_seconds }: Retry): RetryPolicy {
  return { stepsSeconds: steps_seconds, capSeconds: cap_seconds, totalSeconds: total_seconds };
}

function policyOut({ stepsSeconds, capSeconds, totalSeconds }: RetryPolicy): Retry {
  return { steps_seconds: [...stepsSeconds], cap_seconds: capSeconds, total_seconds: totalSeconds };
}

/** A change of settings as a merge patch of what is stored: a ProjectSettings with what changes, null where a channel's goes. */
export function settingsPatch(change: z.output<typeof changedSettings>) {
  const {
    idempotency_seconds,
    retry: policy,
    retry_by_channel,
    fail_over_on,
    tracking: tracked,
    unsubscribe: offers,
    sms_max_segments,
  } = change;
  return {
    ...(idempotency_seconds === undefined ? {} : { idempotencySeconds: idempotency_seconds }),
    ...(policy === undefined ? {} : { retry: policyIn(policy) }),
    ...(fail_over_on === undefined ? {} : { failOverOn: fail_over_on }),
    ...(tracked === undefined ? {} : { tracking: tracked }),
    ...(offers === undefined ? {} : { unsubscribe: offers }),
    ...(sms_max_segments === undefined ? {} : { smsMaxSegments: sms_max_segments }),
    ...(retry_by_channel === undefined
      ? {}
      : {
          retryByChannel: Object.fromEntries(
            CHANNELS.flatMap((channel) => {
              const own = retry_by_channel[channel];
              return own === undefined ? [] : [[channel, own === null ? null : policyIn(own)] as const];
            }),
          ),
        }),
  };
}

/** The settings of a project that does not exist yet: nothing there to take away. */
export function firstSettings(asked: z.output<typeof changedSettings>): Partial<ProjectSettings> {
  const { retryByChannel, ...patch } = settingsPatch(asked);
  const own = Object.entries(retryByChannel ?? {}).flatMap(([channel, policy]) =>
    policy === null ? [] : [[channel, policy] as const],
  );
  return own.length === 0 ? patch : { ...patch, retryByChannel: Object.fromEntries(own) };
}

export function settingsView({
  idempotencySeconds: seconds,
  retry: policy,
  retryByChannel = {},
  failOverOn,
  smsMaxSegments: segments,
  tracking: tracked,
  unsubscribe: offers,
}: ProjectSettings): z.output<typeof projectShape>["settings"] {
  return {
    idempotency_seconds: seconds,
    retry: policyOut(policy),
    retry_by_channel: Object.fromEntries(
      CHANNELS.flatMap((channel) => {
        const own = retryByChannel[channel];
        return own === undefined ? [] : [[channel, policyOut(own)] as const];
      }),
    ),
    fail_over_on: [...failOverOn],
    tracking: { ...tracked },
    unsubscribe: offers,
    sms_max_segments: segments,
  };
}
