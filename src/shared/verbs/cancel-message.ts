/** Cancels a message that is scheduled or queued. Repeating the call changes nothing. */
import { Fault } from "../core/faults.ts";
import { messageOf } from "../core/held-message.ts";
import type { MessageEvent } from "../core/message.ts";
import type { Caller } from "../core/tenant.ts";
import { commit } from "../db/commit.ts";
import { cancelMessage as cancelStatement } from "../db/messages/cancel.ts";
import { type CallBackDeps, callbackIfWritten, keepWatch } from "./call-back.ts";
import type { Deps } from "./deps.ts";
import { type FoundMessage, findMessage } from "./find-message.ts";

/** A message on its way from the gate to its database is found in one of them by the second look. */
const LOOKS = 2;

export async function cancelMessage(
  deps: Pick<Deps, "shards" | "gate" | "now"> & CallBackDeps,
  caller: Pick<Caller, "tenantId" | "projectId" | "gateShards">,
  id: string,
): Promise<FoundMessage> {
  for (let look = 0; look < LOOKS; look++) {
    const found = await findMessage(deps, caller, id);
    if (!found) throw new Fault("not_found");
    if (found.message.status === "cancelled") return found;
    if (!found.held) return cancelRow(deps, caller, found);
    if (found.message.status === "expired") throw tooLate(found);
    const result = await deps.gate(caller.tenantId, found.gateShard).cancel(id);
    if (result.kind === "done") return { ...found, message: messageOf(caller.tenantId, result.submission, 0, deps.now()) };
  }
  throw new Fault("unavailable", { detail: "The message is being handed on at this moment.", retryAfterSeconds: 1 });
}

async function cancelRow(
  deps: Pick<Deps, "shards" | "gate" | "now"> & CallBackDeps,
  caller: Pick<Caller, "tenantId" | "projectId" | "gateShards">,
  found: FoundMessage,
): Promise<FoundMessage> {
  const db = deps.shards[found.dbShard];
  if (!db) throw new Fault("not_found");
  const { id } = found.message;
  const event: MessageEvent = { type: "cancelled", at: deps.now(), key: "cancelled" };
  const place = { tenantId: caller.tenantId, shard: found.dbShard, db };
  const callbacks = await callbackIfWritten(deps, place, id, event);
  const [, ...results] = await commit(db, [cancelStatement(db, caller, id, event), ...callbacks.writes]);
  if (await callbacks.ring(results)) await keepWatch(deps, caller.tenantId);
  const after = await findMessage(deps, caller, id);
  if (!after) throw new Fault("not_found");
  if (after.message.status !== "cancelled") throw tooLate(after);
  return after;
}

function tooLate({ message }: FoundMessage): Fault {
  const detail =
    message.status === "queued"
      ? "The message is being sent at this moment."
      : `The message is ${message.status}: only a scheduled or queued one can be cancelled.`;
  return new Fault("conflict", { detail });
}
