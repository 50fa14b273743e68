/**
 * Which connection carries a delivery, and why. Pure and deterministic: policies, what is known of the message and of the
 * connections, and the time, go in; all connections come out, in the order in which they are to be tried, each with its
 * reason, and those that may not be used with theirs.
 *
 * The first rule that holds decides; where none does, connections go by their priority.
 */
import {
  type Cap,
  isAmong,
  missedBy,
  type RouteFacts,
  type RoutingPolicy,
  type RoutingRule,
  type RuleThen,
  type RuleWhen,
} from "./routing-rule.ts";
import { type Assessment, assess, type Ranked, type RouteConnection, rank } from "./routing-score.ts";
import type { ChosenBy, Strategy } from "./routing-words.ts";
import type { FailOverOutcome } from "./tenant.ts";

export interface Choice extends Ranked {
  /** What put it in its place. */
  readonly by: ChosenBy;
}

export interface RouteDecision {
  /** Null where no rule holds. */
  readonly policy_id: string | null;
  /** Its place in the policy's rules, from 0. */
  readonly rule: number | null;
  readonly rule_name: string | null;
  /** In which they are tried. */
  readonly order: readonly Choice[];
  /** Those that the rule rules out (`only`). */
  readonly left_out: readonly Assessment[];
  /** Null where the project's own holds. */
  readonly fail_over_on: readonly FailOverOutcome[] | null;
  readonly overflow: boolean;
  readonly caps: readonly Cap[];
}

interface Match {
  readonly policyId: string;
  readonly index: number;
  readonly rule: RoutingRule;
}

/** The first rule that holds; null where none does. Policies in the order in which they are asked. */
export function matchOf(policies: readonly RoutingPolicy[], facts: RouteFacts, now: number): Match | null {
  for (const { id: policyId, rules } of policies) {
    for (const [index, rule] of rules.entries()) {
      if (missedBy(rule.when, facts, policyId, now) === null) return { policyId, index, rule };
    }
  }
  return null;
}

export function decide(
  policies: readonly RoutingPolicy[],
  facts: RouteFacts,
  connections: readonly RouteConnection[],
  now: number,
): RouteDecision {
  const all = connections.map((connection) => assess(connection, facts.country, facts.parts));
  const match = matchOf(policies, facts, now);
  if (match === null) {
    const order = ranked(all, "priority", "priority", {}, facts);
    const none = { policy_id: null, rule: null, rule_name: null, left_out: [], fail_over_on: null, overflow: false, caps: [] };
    return { ...none, order };
  }
  const { policyId, index, rule } = match;
  const { order, left_out } = ordered(rule.then, policyId, facts, all);
  return {
    policy_id: policyId,
    rule: index,
    rule_name: rule.name ?? null,
    order,
    left_out,
    fail_over_on: rule.then.fail_over_on ?? null,
    overflow: rule.then.overflow === true,
    caps: rule.then.caps ?? [],
  };
}

/** What one rule came to: null where it decided, else the first of its conditions that did not hold. */
export interface RuleVerdict {
  readonly policy_id: string;
  readonly rule: number;
  readonly name: string | null;
  readonly missed: keyof RuleWhen | null;
}

export interface RouteExplanation extends RouteDecision {
  /** Every rule that was asked, in its order; the last one decided, unless it was missed too. */
  readonly asked: readonly RuleVerdict[];
}

/** The same decision, with all that led to it. */
export function explainRoute(
  policies: readonly RoutingPolicy[],
  facts: RouteFacts,
  connections: readonly RouteConnection[],
  now: number,
): RouteExplanation {
  const asked: RuleVerdict[] = [];
  for (const { id, rules } of policies) {
    for (const [rule, { name = null, when }] of rules.entries()) {
      if (asked.at(-1)?.missed === null) break;
      asked.push({ policy_id: id, rule, name, missed: missedBy(when, facts, id, now) });
    }
  }
  return { ...decide(policies, facts, connections, now), asked };
}

function ordered(
  then: RuleThen,
  policyId: string,
  facts: RouteFacts,
  all: readonly Assessment[],
): Pick<RouteDecision, "order" | "left_out"> {
  const canaryId = then.canary?.connection_id;
  const canary = all.find((a) => a.connection_id === canaryId);
  const isCanary =
    then.canary !== undefined && isAmong(then.canary.percent, facts.recipientHash, `${policyId}/${then.canary.connection_id}`);

  const named = namedBy(then, facts, canary === undefined ? all : all.filter((a) => a !== canary));
  const inNamed = new Set(named.map((choice) => choice.assessment));
  const others = all.filter((a) => a !== canary && !inNamed.has(a));
  const rest: Choice[] = ranked(then.only === true ? [] : others, "priority", "rest", {}, facts).map((choice) => ({
    ...choice,
    why: `not named by the rule, ${choice.why}`,
  }));
  const asCanary = (why: string): Choice[] =>
    canary === undefined ? [] : [{ assessment: canary, score: null, why, by: "canary" }];
  const share = `canary for ${then.canary?.percent ?? 0} % of recipients`;
  return {
    order: isCanary
      ? [...asCanary(share), ...named, ...rest]
      : [...named, ...rest, ...asCanary(`${share}, of which this is none`)],
    left_out: then.only === true ? others : [],
  };
}

/** Those between which the rule chooses, in its order. */
function namedBy(then: RuleThen, facts: RouteFacts, all: readonly Assessment[]): readonly Choice[] {
  if (then.connections !== undefined) {
    return [...new Set(then.connections)].flatMap((id, i): Choice[] => {
      const assessment = all.find((a) => a.connection_id === id);
      return assessment === undefined
        ? []
        : [{ assessment, score: null, why: `number ${i + 1} of the rule's list`, by: "connections" }];
    });
  }
  const { strategy = "priority", weights = {} } = then;
  const among = then.among ?? (strategy === "weighted" ? Object.keys(weights) : null);
  const chosen = among === null ? all : all.filter((a) => among.includes(a.connection_id));
  return ranked(chosen, strategy, strategy, weights, facts);
}

function ranked(
  all: readonly Assessment[],
  strategy: Strategy,
  by: ChosenBy,
  weights: Readonly<Record<string, number>>,
  { messageId }: RouteFacts,
): Choice[] {
  return rank(all, strategy, { weights, messageId }).map((one) => ({ ...one, by }));
}
