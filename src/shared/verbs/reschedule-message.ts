/** Moves a scheduled message to another time. */
import { Fault } from "../core/faults.ts";
import { messageOf } from "../core/held-message.ts";
import type { Caller } from "../core/tenant.ts";
import type { Deps } from "./deps.ts";
import { type FoundMessage, findMessage } from "./find-message.ts";

/** A time past means now. Only what its gate still holds can be moved: the rest is on its way. */
export async function rescheduleMessage(
  deps: Pick<Deps, "shards" | "gate" | "now">,
  caller: Pick<Caller, "tenantId" | "projectId" | "gateShards">,
  id: string,
  dueAt: number,
): Promise<FoundMessage> {
  const found = await findMessage(deps, caller, id);
  if (!found) throw new Fault("not_found");
  if (!found.held || found.message.status !== "scheduled") throw notScheduled(found.message.status);
  const result = await deps.gate(caller.tenantId, found.gateShard).reschedule(id, Math.max(dueAt, deps.now()));
  if (result.kind === "gone") throw notScheduled((await findMessage(deps, caller, id))?.message.status ?? "queued");
  return { ...found, message: messageOf(caller.tenantId, result.submission, 0, deps.now()) };
}

function notScheduled(status: string): Fault {
  return new Fault("conflict", { detail: `The message is ${status}: only a scheduled one can be moved.` });
}
