/** Closes a dead letter for good: its message stays failed. Repeating the call changes nothing. */
import { type DeadLetter, parseDeadLetterId } from "../core/dead-letter.ts";
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { deadLettersOf } from "../db/messages/dead-letters.ts";
import type { Actor, Deps } from "./deps.ts";

export async function discardDeadLetter(
  deps: Pick<Deps, "now" | "random" | "control" | "shards">,
  actor: Actor,
  id: string,
): Promise<DeadLetter> {
  const db = deps.shards[parseDeadLetterId(id)?.dbShard ?? -1];
  if (!db) throw new Fault("not_found");
  const letters = deadLettersOf(db, actor);
  const now = deps.now();
  const [result] = await commit(db, [letters.discard(id, now)]);
  const letter = await letters.get(id);
  if (!letter) throw new Fault("not_found");
  if (letter.state !== "discarded") throw new Fault("conflict", { detail: "The dead letter was replayed." });
  if (result && result.meta.changes > 0) {
    // The data plane's databases cannot share a transaction with the control plane's: the log follows.
    await commit(deps.control, [
      auditRow(deps.control, actor, { id: newId("aud", now, deps.random), at: now, action: "dead_letter.discarded", target: id }),
    ]);
  }
  return letter;
}
