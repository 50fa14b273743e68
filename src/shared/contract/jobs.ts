/** What travels on queues. Ids only: no personal data rests on a queue. */
import { z } from "zod";
import { EVENT_TYPES } from "../core/status.ts";

/** "Look at this pack." On `send-{channel}-{lane}`. */
export const bell = z.object({ v: z.literal(1), tenant: z.string(), shard: z.int().nonnegative(), pack: z.string() });
export type Bell = z.infer<typeof bell>;

/** Something the outside said about a message; `key` makes it unique within its message. */
export const signal = z.object({
  message_id: z.string(),
  key: z.string(),
  type: z.enum(EVENT_TYPES),
  at: z.int(),
  delivery: z.int().nonnegative().optional(),
  attempt_id: z.string().optional(),
  connection_id: z.string().optional(),
  provider: z.string().optional(),
  code: z.string().optional(),
  reason: z.string().optional(),
});
export type Signal = z.infer<typeof signal>;

/** A pack of signals of one tenant and one message database. On `events`. */
export const signalPack = z.object({
  v: z.literal(1),
  tenant: z.string(),
  shard: z.int().nonnegative(),
  signals: z.array(signal).max(200),
});
export type SignalPack = z.infer<typeof signalPack>;
