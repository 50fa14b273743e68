/** Callbacks of what deliveries came to. */
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { OutcomeRow } from "../db/messages/settle.ts";
import { type CallBackDeps, type Callbacks, callbacksFor, type Place } from "./call-back.ts";

/** `writes` of the answer stand first in the commit of the outcomes; they may run twice, as those do. */
export function tellOutcomes(
  deps: CallBackDeps,
  place: Place,
  tried: readonly { readonly row: Pick<ClaimedRow, "callback_url">; readonly outcome: OutcomeRow | null }[],
): Promise<Callbacks> {
  const told = tried.flatMap(({ row, outcome }) =>
    outcome === null
      ? []
      : [{ messageId: outcome.messageId, events: outcome.events, isOne: true, mayHaveUrl: row.callback_url !== null }],
  );
  return callbacksFor(deps, place, told);
}
