/** The variable OUTBOUND_LIMITS: what the whole deployment may send, by channel (contract/outbound.ts). */
import { parseOutbound } from "../contract/outbound.ts";
import type { OutboundByChannel } from "../core/outbound.ts";
import type { Deps } from "../verbs/deps.ts";

const parsed = new Map<string, OutboundByChannel>();

/**
 * Parsed once an isolate. Throws where the variable is wrong, and logs what is wrong with it: nothing is sent until it is
 * right, since a deployment that was to be held back must not run unlimited by a slip of the pen.
 */
export function outboundOf(env: object, log: Deps["log"]): OutboundByChannel {
  const json = (env as { readonly OUTBOUND_LIMITS?: string }).OUTBOUND_LIMITS ?? "";
  let limits = parsed.get(json);
  if (!limits) {
    try {
      limits = parseOutbound(json);
    } catch (error) {
      log({ level: "error", event: "variable_invalid", variable: "OUTBOUND_LIMITS", error: String(error) });
      throw new Error(`the variable OUTBOUND_LIMITS is wrong: ${String(error)}`);
    }
    parsed.set(json, limits);
  }
  return limits;
}
