/** Limits on the way out, as they are set and shown. */
import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import { OUTBOUND_BOUNDS, type OutboundByChannel } from "../core/outbound.ts";
import { byChannel } from "./common.ts";

const { ratePerSecond, concurrency } = OUTBOUND_BOUNDS;

/** Keys and values are those of OutboundLimits: it is kept as it comes. */
export const outboundLimits = z.strictObject({
  rate_per_second: z
    .number()
    .min(ratePerSecond.min)
    .max(ratePerSecond.max)
    .exactOptional()
    .describe("Messages a second, with one second's worth at once; at least one. No limit where it is left out."),
  concurrency: z
    .int()
    .min(concurrency.min)
    .max(concurrency.max)
    .exactOptional()
    .describe("Messages under way at the same time. No limit where it is left out."),
});

export const outboundByChannel = byChannel(outboundLimits.exactOptional());

export const outboundChange = byChannel(outboundLimits.nullable().exactOptional()).describe(
  "How fast the tenant may send, and how many at once, over all of its connections of a channel. A channel's limits are " +
    "replaced whole, and null takes them away; channels that are left out stay as they are.",
);

/** A change as a merge patch (RFC 7396) of what is stored, which replaces what each channel has. */
export function outboundPatch(change: z.output<typeof outboundChange>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    CHANNELS.flatMap((channel) => {
      const limits = change[channel];
      if (limits === undefined) return [];
      const isNone = limits === null || Object.keys(limits).length === 0;
      const { rate_per_second = null, concurrency: most = null } = limits ?? {};
      return [[channel, isNone ? null : { rate_per_second, concurrency: most }] as const];
    }),
  );
}

/**
 * The limits of a deployment as a variable holds them: JSON of outboundByChannel, empty for none.
 * Throws where it is anything else, and says what is wrong with it.
 */
export function parseOutbound(json: string): OutboundByChannel {
  if (json.trim() === "") return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new Error("it is not JSON");
  }
  const result = outboundByChannel.safeParse(parsed);
  if (result.success) return result.data;
  throw new Error(z.prettifyError(result.error));
}
