import type { Deps } from "./deps.ts";

/** What deliver and its parts have in hand. */
export type DeliverDeps = Pick<
  Deps,
  | "now"
  | "wait"
  | "random"
  | "shards"
  | "control"
  | "files"
  | "carrier"
  | "sockets"
  | "mailer"
  | "unsealer"
  | "ringer"
  | "callbackBells"
  | "log"
  | "publicUrl"
  | "linkSecret"
  | "health"
  | "lessor"
  | "outboundLimits"
  | "gate"
  | "timing"
>;
