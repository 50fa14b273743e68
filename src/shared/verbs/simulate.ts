/** POST /v1/simulate: what a send would come to. The api checks and resolves it as a send; the dispatcher rehearses it. */
import { recipientsOf } from "../contract/routing.ts";
import type { SimulateBody } from "../contract/simulate.ts";
import type { Rehearsed } from "../core/consideration.ts";
import { Fault } from "../core/faults.ts";
import { mintMessageIds } from "../core/ids.ts";
import type { Submission } from "../core/message.ts";
import type { Caller } from "../core/tenant.ts";
import { itemOf } from "./accept.ts";
import type { Deps } from "./deps.ts";
import { keyOf, resolveRun } from "./send.ts";

export interface Simulation {
  readonly at: number;
  readonly submission: Submission;
  /** One for each of `submission.to`. */
  readonly messages: readonly Rehearsed[];
}

/** Refuses what a send refuses for its body. Whether a gate would admit the request (limits, quotas, idempotency) is not asked. */
export async function simulate(
  deps: Pick<Deps, "control" | "now" | "random" | "desk"> & Parameters<typeof resolveRun>[0],
  caller: Caller,
  input: { readonly body: SimulateBody; readonly idempotencyHeader: string | null; readonly requestId: string },
): Promise<Simulation> {
  const { at: moment, ...body } = input.body;
  const at = moment === undefined ? deps.now() : Date.parse(moment);
  keyOf(input.idempotencyHeader, body.deduplication_key);
  const { to, plan } = recipientsOf(body.to, body.routing);
  const { run, flaws } = await resolveRun(deps, caller, body, to, at, input.requestId, plan);
  if (flaws.length > 0) throw new Fault("validation_failed", { errors: flaws });
  // Where it lies decides nothing but what is learned of recipients' channels; a real one may lie in another database.
  const dbShard = caller.dbShards[0] ?? 0;
  const place = { now: deps.now(), dbShard, gateShard: 0, random: deps.random };
  const first = mintMessageIds({ at: 0, sequence: 0 }, run.to.length, place);
  // As the gate writes it (durable-objects/tenant-gate/accept.ts) and the planner reads it.
  const submission = JSON.parse(`{"first":"${first}",${itemOf(caller, run, at).text}`) as Submission;
  return { at, submission, messages: await deps.desk.rehearse({ tenantId: caller.tenantId }, submission, at) };
}
