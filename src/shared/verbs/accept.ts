/** From what a caller asked for to a receipt: the shared part of send, batch and resend. */
import { abuseSettings } from "../core/abuse.ts";
import type { GateLimits, RateState } from "../core/admission.ts";
import { laneOf, type Priority } from "../core/channels.ts";
import { Fault } from "../core/faults.ts";
import type { Mode, Order, Recipient } from "../core/message.ts";
import { lineOf, orderingName } from "../core/ordering.ts";
import { gateShardOf, hash32 } from "../core/placement.ts";
import type { Caller } from "../core/tenant.ts";
import type { AcceptItem, AcceptRequest, AcceptResult, IdempotencyKey, Line } from "../ports/gate.ts";
import type { Deps } from "./deps.ts";

/** One run of messages that a request asks for, checked and resolved. */
export interface Run {
  readonly priority: Priority;
  readonly dueAt: number;
  readonly ttlSeconds: number | undefined;
  readonly template: string | undefined;
  readonly category: string | undefined;
  readonly tags: readonly string[] | undefined;
  readonly order: Order;
  readonly to: readonly Recipient[];
  readonly dedupe: IdempotencyKey | null;
}

export type Accepted = Extract<AcceptResult, { kind: "accepted" }>;

/** An idempotency key as its gate knows it: two projects, or live and test, never share one. */
export function idempotencyKey(caller: Caller, key: string, fingerprint: string): IdempotencyKey {
  return { key: `${caller.projectId}:${caller.mode}:${key}`, fingerprint, ttlMs: caller.project.idempotencySeconds * 1000 };
}

export function itemOf(caller: Caller, run: Run, now: number): AcceptItem {
  // The gate adds `first`; the field order puts the long parts last.
  const text = JSON.stringify({
    project_id: caller.projectId,
    mode: caller.mode satisfies Mode,
    priority: run.priority,
    template: run.template,
    category: run.category,
    tags: run.tags,
    accepted_at: now,
    due_at: run.dueAt,
    expires_at: run.ttlSeconds === undefined ? null : run.dueAt + run.ttlSeconds * 1000,
    order: run.order,
    to: run.to,
  });
  return {
    lane: laneOf(run.priority),
    priority: run.priority,
    dueAt: run.dueAt,
    count: run.to.length,
    text: text.slice(1),
    dedupe: run.dedupe,
    line: linesOf(caller, run),
  };
}

function linesOf(caller: Caller, { order, to }: Run): Line | null {
  const key = order.ordering_key;
  if (key === undefined) return null;
  return { spread: hash32(orderingName(caller, key)), of: to.map((one) => lineOf(caller, key, one)) };
}

/** The gate that keeps a run's lines; null for a run without an ordering key, which any gate may take. */
function homeOf(caller: Caller, { order }: Run): number | null {
  const key = order.ordering_key;
  return key === undefined ? null : gateShardOf(orderingName(caller, key), caller.gateShards);
}

/** Places in `runs`, by the gate that takes them: all together, unless ordering keys of several gates are among them. */
export function byGate(caller: Caller, runs: readonly Run[]): number[][] {
  const homes = runs.map((run) => homeOf(caller, run));
  const anyHome = homes.find((home) => home !== null) ?? null;
  const groups = new Map<number | null, number[]>();
  for (const [place, home] of homes.entries()) {
    const gate = home ?? anyHome;
    const group = groups.get(gate);
    if (group) group.push(place);
    else groups.set(gate, [place]);
  }
  return [...groups.values()];
}

/**
 * An ordering key decides before an idempotency key: a line must meet its own gate. So an idempotency key protects a
 * repeat only where it comes with the ordering key of the first time.
 */
function gateShardFor(
  deps: Pick<Deps, "random">,
  caller: Caller,
  idempotency: IdempotencyKey | null,
  runs: readonly Run[],
): number {
  for (const run of runs) {
    const home = homeOf(caller, run);
    if (home !== null) return home;
  }
  const owner = idempotency ?? runs[0]?.dedupe;
  return owner ? gateShardOf(owner.key, caller.gateShards) : (deps.random(1)[0] ?? 0) % caller.gateShards;
}

/**
 * Takes the receipt at the caller's gate: one RPC, and no other I/O. All runs are of one group of `byGate`. Refusals of the gate become Faults;
 * a gate that cannot be reached is `unavailable`, never a 202.
 */
export async function takeReceipt(
  deps: Pick<Deps, "gate" | "random">,
  caller: Caller,
  request: {
    readonly requestId: string;
    readonly idempotency: IdempotencyKey | null;
    readonly echo: string;
    readonly runs: readonly Run[];
    readonly now: number;
  },
): Promise<Accepted> {
  const ask: AcceptRequest = {
    requestId: request.requestId,
    keyId: caller.keyId,
    limits: limitsOf(caller),
    ...watchedOf(caller),
    critical: request.runs.every((run) => run.priority === "critical"),
    dbShards: caller.dbShards,
    idempotency: request.idempotency,
    echo: request.echo,
    items: request.runs.map((run) => itemOf(caller, run, request.now)),
  };
  const shard = gateShardFor(deps, caller, request.idempotency, request.runs);
  let result: AcceptResult | undefined;
  try {
    [result] = await deps.gate(caller.tenantId, shard).accept([ask]);
  } catch (error) {
    throw new Fault("unavailable", { detail: `The gate did not answer: ${reasonOf(error)}`, retryAfterSeconds: 1 });
  }
  if (!result) throw new Error("the gate gave no result");
  switch (result.kind) {
    case "accepted":
      return result;
    case "conflict":
      throw new Fault("idempotency_key_reused");
    case "revoked":
      throw new Fault("key_revoked");
    case "suspended":
      throw new Fault("key_suspended");
    case "rate_limited":
      throw new Fault("rate_limited", {
        detail: `The ${result.by}'s bucket is empty.`,
        retryAfterSeconds: result.retryAfterMs / 1000,
        headers: rateHeaders(result.rate),
      });
    case "backlog_full":
      throw new Fault("backlog_full", {
        detail: `So many messages of this tenant are due that priority ${result.priority} is refused for now.`,
        retryAfterSeconds: result.retryAfterMs / 1000,
      });
    case "quota_exceeded":
      throw new Fault("quota_exceeded", {
        detail: "This month's messages are used up.",
        retryAfterSeconds: result.retryAfterMs / 1000,
        headers: rateHeaders(result.rate),
      });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : "unknown";
}

/** Live keys are watched for abuse, unless the operator has switched it off. What test keys send reaches nobody. */
function watchedOf({ mode, limits, gateShards }: Caller): Pick<AcceptRequest, "watched"> {
  const { enabled, rateFactor, failurePercent } = abuseSettings(limits.abuse);
  return enabled && mode === "live" ? { watched: { rateFactor, failurePercent, gateShards } } : {};
}

/** A tenant's budgets are split evenly between its gate shards. */
function limitsOf(caller: Caller): GateLimits {
  const { limits, gateShards: n, keyLimit } = caller;
  const split = (x: { ratePerSecond: number; burst: number }) => ({ ratePerSecond: x.ratePerSecond / n, burst: x.burst / n });
  return {
    tenant: split(limits),
    key: keyLimit === null ? null : split(keyLimit),
    monthlyMessages: limits.monthlyMessages === null ? null : Math.ceil(limits.monthlyMessages / n),
    criticalExempt: limits.criticalExempt,
    backlogMessages: Math.ceil(limits.backlogMessages / n),
  };
}

/** draft-ietf-httpapi-ratelimit-headers: the policy, and where the caller stands. */
export function rateHeaders(rate: RateState | null): Record<string, string> {
  if (!rate) return {};
  return {
    "ratelimit-policy": `"burst";q=${Math.floor(rate.limit)};w=${rate.windowSeconds}`,
    ratelimit: `"burst";r=${rate.remaining};t=${rate.resetSeconds}`,
  };
}
