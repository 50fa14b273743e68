/** The dispatcher Worker: plans for the gates, delivers what queues ring for, and owns the Durable Objects. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Submission } from "../../src/shared/core/message.ts";
import type { Desk as DeskPort } from "../../src/shared/ports/desk.ts";
import type { Planner as PlannerPort } from "../../src/shared/ports/planner.ts";
import { consumed, countsOf } from "../../src/shared/runtime/ledger.ts";
import { type DispatcherBindings, dispatcherDeps } from "../../src/shared/runtime/wire.ts";
import { makeDesk } from "../../src/shared/verbs/desk.ts";
import { judgeKey } from "../../src/shared/verbs/judge-key.ts";
import { plan } from "../../src/shared/verbs/plan.ts";
import { pressure } from "../../src/shared/verbs/pressure.ts";
import { sweep } from "../../src/shared/verbs/sweep.ts";
import { tell } from "../../src/shared/verbs/tell.ts";
import { touchKeys } from "../../src/shared/verbs/touch-keys.ts";
import { mourn, ring } from "./steps.ts";

export { ProviderHealth } from "../../durable-objects/provider-health/index.ts";
export { ProviderLease } from "../../durable-objects/provider-lease/index.ts";
export { TenantGate } from "../../durable-objects/tenant-gate/index.ts";

/** What gates call, over the loopback of ctx.exports. */
export class Planner extends WorkerEntrypoint<DispatcherBindings> implements PlannerPort {
  async plan(...[tenantId, submissionsJson]: Parameters<PlannerPort["plan"]>) {
    return plan(dispatcherDeps(this.env), tenantId, JSON.parse(submissionsJson) as Submission[]);
  }

  async pressure(...args: Parameters<PlannerPort["pressure"]>) {
    return pressure(dispatcherDeps(this.env), ...args);
  }

  async notice(...args: Parameters<PlannerPort["notice"]>): Promise<void> {
    await tell(dispatcherDeps(this.env), ...args);
  }

  async sweep(tenantId: string): Promise<number> {
    return sweep(dispatcherDeps(this.env), tenantId);
  }

  async judgeKey(tenantId: string, keyId: string, at: number): Promise<void> {
    await judgeKey(dispatcherDeps(this.env), tenantId, keyId, at);
  }

  async touchKeys(tenantId: string, lastUsed: Readonly<Record<string, number>>): Promise<void> {
    await touchKeys(dispatcherDeps(this.env), tenantId, lastUsed);
  }
}

/** What the api Worker calls, over a service binding. */
export class Desk extends WorkerEntrypoint<DispatcherBindings> implements DeskPort {
  async ring(...args: Parameters<DeskPort["ring"]>): Promise<void> {
    return makeDesk(dispatcherDeps(this.env)).ring(...args);
  }

  async verifyConnection(...args: Parameters<DeskPort["verifyConnection"]>) {
    return makeDesk(dispatcherDeps(this.env)).verifyConnection(...args);
  }

  async connectionsChanged(...args: Parameters<DeskPort["connectionsChanged"]>): Promise<void> {
    return makeDesk(dispatcherDeps(this.env)).connectionsChanged(...args);
  }

  async connectionHealth(...args: Parameters<DeskPort["connectionHealth"]>) {
    return makeDesk(dispatcherDeps(this.env)).connectionHealth(...args);
  }

  async resetConnection(...args: Parameters<DeskPort["resetConnection"]>): Promise<void> {
    return makeDesk(dispatcherDeps(this.env)).resetConnection(...args);
  }

  async rehearse(...args: Parameters<DeskPort["rehearse"]>) {
    return makeDesk(dispatcherDeps(this.env)).rehearse(...args);
  }

  async consider(...args: Parameters<DeskPort["consider"]>) {
    return makeDesk(dispatcherDeps(this.env)).consider(...args);
  }

  async queues() {
    return makeDesk(dispatcherDeps(this.env)).queues();
  }

  async health() {
    return makeDesk(dispatcherDeps(this.env)).health();
  }

  /** For the bench; null unless LEDGER is on. */
  async ledger() {
    return countsOf(this.env);
  }
}

export default {
  async queue(batch: MessageBatch, env: DispatcherBindings): Promise<void> {
    const deps = dispatcherDeps(env);
    await consumed(env, batch, (b) => (b.queue.startsWith("dead-") ? mourn(deps, b) : ring(deps, b)));
  },
};
