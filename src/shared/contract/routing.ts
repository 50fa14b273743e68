/** How a send goes through several addresses of one recipient. */
import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import { DEFAULT_AFTER_SECONDS, ROUTING_MODES, UNTIL } from "../core/escalation.ts";
import type { Plan, Recipient } from "../core/message.ts";

const MAX_AFTER_SECONDS = 7 * 86_400;
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `90s`, `10m`, `2h`, `1d`, or seconds. */
const duration = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^[1-9]\d{0,5}[smhd]$/, "Must be a duration such as 90s, 10m, 2h or 1d.")
      // The pattern leaves one of these letters at the end.
      .transform((text) => Number(text.slice(0, -1)) * SECONDS[text.slice(-1) as keyof typeof SECONDS]),
  ])
  .refine((seconds) => seconds >= 1 && seconds <= MAX_AFTER_SECONDS, "Must be between a second and seven days.");

export const routingShape = z
  .strictObject({
    mode: z
      .enum(ROUTING_MODES)
      .describe(
        "`all` (default): each entry of `to` is a message of its own. `first` and `escalate`: the entries are addresses of one " +
          "recipient, and make one message. `first` goes on to the next address where one failed for good, or bounced within " +
          "`after`; `escalate` also where `until` has not come within `after`; `smart` is `escalate` until `opened`, in an order that is " +
          "learned from how this recipient, and others of the project, have answered on each channel.",
      ),
    channels: z
      .array(z.enum(CHANNELS))
      .max(CHANNELS.length)
      .optional()
      .describe("The order of channels. Addresses of channels that are not named come last, in their own order."),
    until: z.enum(UNTIL).optional().describe("With `escalate`: what ends it; `delivered` unless set."),
    after: duration
      .optional()
      .describe("How long an address is waited for: `90s`, `10m`, `2h`, or seconds. 5 minutes for `first`, 10 for `escalate`."),
  })
  .superRefine((routing, ctx) => {
    for (const field of ["channels", "until", "after"] as const) {
      if (routing.mode === "all" && routing[field] !== undefined) {
        ctx.addIssue({ code: "custom", path: [field], message: "Needs the mode `first`, `escalate` or `smart`." });
      }
    }
    if (routing.mode === "smart" && routing.channels !== undefined) {
      ctx.addIssue({ code: "custom", path: ["channels"], message: "With `smart` the order is learned." });
    }
    if (routing.mode === "first" && routing.until !== undefined) {
      ctx.addIssue({ code: "custom", path: ["until"], message: "Needs the mode `escalate` or `smart`." });
    }
  })
  .meta({ id: "Routing" });
export type Routing = z.output<typeof routingShape>;

/** The recipients of a send: each entry its own, or all of them one, with the plan for its addresses. */
export function recipientsOf(
  to: readonly Recipient[],
  routing: Routing | undefined,
): { readonly to: readonly Recipient[]; readonly plan?: Plan } {
  if (routing === undefined || routing.mode === "all") return { to };
  const isSmart = routing.mode === "smart";
  const mode = routing.mode === "first" ? "first" : "escalate";
  const { until = isSmart ? "opened" : "delivered", after = DEFAULT_AFTER_SECONDS[mode] } = routing;
  const rank = ({ channel }: Recipient) => {
    const at = routing.channels?.indexOf(channel) ?? 0;
    return at < 0 ? CHANNELS.length : at;
  };
  const [first, ...rest] = to.toSorted((a, b) => rank(a) - rank(b));
  if (first === undefined) return { to };
  return {
    to: [rest.length === 0 ? first : { ...first, also: rest.map(({ channel, destination }) => ({ channel, destination })) }],
    ...(rest.length === 0 ? {} : { plan: { mode, until, after_seconds: after, ...(isSmart ? { learned: true as const } : {}) } }),
  };
}
