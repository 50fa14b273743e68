/** Makes a tenant with its first project and keys. */
import { Fault } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { DEFAULT_LIMITS, DEFAULT_PROJECT, SCOPES, type TenantLimits } from "../core/tenant.ts";
import { commit } from "../db/commit.ts";
import { auditRow } from "../db/control/audit.ts";
import { insertTenant } from "../db/control/tenants.ts";
import type { Deps } from "./deps.ts";
import { startProject } from "./first-project.ts";

export interface NewTenant {
  readonly name: string;
  readonly limits?: Partial<TenantLimits>;
  readonly gateShards?: number;
  /** Indexes of the message databases to place it on; all unless set. */
  readonly dbShards?: readonly number[] | undefined;
  /** Gives the first project a sandbox connection on every channel, so that it can send at once. */
  readonly sandbox: boolean;
  readonly requestId: string;
}

export interface MadeTenant {
  readonly tenantId: string;
  readonly projectId: string;
  readonly liveKey: string;
  readonly testKey: string;
  readonly callbackSecret: string;
}

export async function createTenant(
  deps: Pick<Deps, "control" | "now" | "random" | "shards" | "sealer" | "webhookSealer">,
  input: NewTenant,
): Promise<MadeTenant> {
  const { control, random } = deps;
  const now = deps.now();
  const tenantId = newId("ten", now, random);
  const dbShards = input.dbShards ?? deps.shards.map((_, i) => i);
  checkShards(deps, dbShards);
  const project = await startProject(deps, tenantId, {
    name: "Default",
    settings: DEFAULT_PROJECT,
    sandbox: input.sandbox,
    scopes: SCOPES,
  });
  const scope = { tenantId, projectId: project.row.id };
  await commit(control, [
    insertTenant(control, scope, {
      name: input.name,
      limits: { ...DEFAULT_LIMITS, ...input.limits },
      dbShards,
      gateShards: input.gateShards ?? 1,
      now,
    }),
    ...project.writes,
    auditRow(
      control,
      { ...scope, name: "operator", requestId: input.requestId },
      { id: newId("aud", now, random), at: now, action: "tenant.created", target: tenantId, details: { name: input.name } },
    ),
  ]);
  return { ...scope, liveKey: project.liveKey, testKey: project.testKey, callbackSecret: project.callbackSecret };
}

/** Refuses, by its place in the body, an index that no message database of this deployment has. */
export function checkShards(deps: Pick<Deps, "shards">, dbShards: readonly number[]): void {
  const errors = dbShards.flatMap((shard, i) =>
    deps.shards[shard] === undefined
      ? [{ path: `db_shards[${i}]`, message: `There is no message database ${shard}: they are 0 to ${deps.shards.length - 1}.` }]
      : [],
  );
  if (errors.length > 0) throw new Fault("validation_failed", { errors });
}
