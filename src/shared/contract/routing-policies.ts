/** Routing policies as they are set and shown: which connection carries what (core/routing.ts). */
import { z } from "zod";
import { CHANNELS, PRIORITIES } from "../core/channels.ts";
import { isCountry } from "../core/country.ts";
import { isTimeZone, type RoutingRule, type RuleThen, WEEKDAYS } from "../core/routing-rule.ts";
import { STRATEGIES } from "../core/routing-words.ts";
import { FAIL_OVER_OUTCOMES } from "../core/tenant.ts";
import { timestamp } from "./common.ts";

export const MOST_POLICIES = 50;
const MOST_RULES = 50;
const MOST_NAMED = 50;

export const policyId = z.object({ id: z.string().max(64) });

const connectionId = z.string().min(1).max(64);
const percent = z.number().min(0).max(100);
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "Must be a time of day such as 09:30.")
  .meta({ examples: ["09:30"] });
const someOf = <T extends z.ZodType>(item: T, most: number) => z.array(item).min(1).max(most);

const country = z.string().refine(isCountry, "Must be a country by ISO 3166, in two capital letters.");

const hours = z.strictObject({
  from: timeOfDay,
  to: timeOfDay.describe("Exclusive. Before `from` it is of the next day; the same as `from` is a whole day."),
  timezone: z
    .string()
    .max(64)
    .refine(isTimeZone, "Must be an IANA time zone such as Europe/London.")
    .meta({ examples: ["Europe/London"] }),
  days: someOf(z.enum(WEEKDAYS), WEEKDAYS.length).exactOptional().describe("Of `from`; all of them unless set."),
});

const when = z
  .strictObject({
    channel: z.enum(CHANNELS).exactOptional(),
    category: someOf(z.string().min(1).max(100), 50).exactOptional().describe("One of them."),
    priority: someOf(z.enum(PRIORITIES), PRIORITIES.length).exactOptional().describe("One of them."),
    country: someOf(country, 250).exactOptional().describe("Of the recipient's phone number; an email address has none."),
    tags: someOf(z.string().min(1).max(64), 50).exactOptional().describe("At least one of them."),
    time: hours.exactOptional(),
    percent: percent
      .exactOptional()
      .describe(
        "A share of recipients: always the same people, by policy. A later rule of the policy with 50 takes those up to 50 that " +
          "an earlier one with 20 has left.",
      ),
  })
  .describe("All that is given must hold; `{}` always does.");

const cap = z
  .strictObject({
    connection_id: connectionId,
    per_minute: z.int().min(1).max(10_000_000).exactOptional().describe("Tries in a minute of the clock."),
    per_day: z.int().min(1).max(1_000_000_000).exactOptional().describe("Tries in a day, UTC."),
  })
  .refine((c) => c.per_minute !== undefined || c.per_day !== undefined, "Needs `per_minute` or `per_day`.");

const then = z
  .strictObject({
    connections: someOf(connectionId, MOST_NAMED).exactOptional().describe("Tried in this order."),
    strategy: z
      .enum(STRATEGIES)
      .exactOptional()
      .describe(
        "In place of `connections`. `priority`: the lowest `priority` first. `cheapest`: by expected cost, which is the price " +
          "over the share of tries that go well. `most_reliable`: by that share, then by latency. `fastest`: by latency. " +
          "`weighted`: each message draws lots by `weights`. Connections that fail stand behind those that work, whatever they cost.",
      ),
    weights: z
      .record(connectionId, z.number().positive().max(1_000_000))
      .refine((w) => Object.keys(w).length > 0 && Object.keys(w).length <= MOST_NAMED, "Needs 1 to 50 connections.")
      .exactOptional()
      .describe("With `weighted`: a connection's id → its share of the messages."),
    among: someOf(connectionId, MOST_NAMED)
      .exactOptional()
      .describe("Between which the strategy chooses: all connections of the channel unless set."),
    canary: z
      .strictObject({ connection_id: connectionId, percent })
      .exactOptional()
      .describe("Goes first for this share of recipients, always the same people, and last for all others."),
    caps: someOf(cap, MOST_NAMED)
      .exactOptional()
      .describe("A connection that has used up its cap is passed over. Counted by policy and connection, over all of its rules."),
    overflow: z
      .boolean()
      .exactOptional()
      .describe("A connection without room under its own limits is passed over. Unless set, messages wait for it."),
    fail_over_on: z
      .array(z.enum(FAIL_OVER_OUTCOMES))
      .max(FAIL_OVER_OUTCOMES.length)
      .exactOptional()
      .describe("In place of the project's `fail_over_on`."),
    only: z
      .boolean()
      .exactOptional()
      .describe(
        "No other connections than those in `connections`, `among` or `weights`, and the canary. Unless set, all others of the " +
          "channel come after them, by priority. Where none of them is there, a message fails with `no_route`.",
      ),
  })
  .superRefine((does, ctx) => {
    for (const [path, message] of flawsOf(does)) ctx.addIssue({ code: "custom", path, message });
  });

function* flawsOf(does: RuleThen): Generator<[path: string[], message: string]> {
  const { connections, strategy, weights, among, caps, only } = does;
  if (Object.keys(does).length === 0) yield [[], "Must say something."];
  if (connections !== undefined && strategy !== undefined) yield [["strategy"], "Give either `connections` or a strategy."];
  if ((strategy === "weighted") !== (weights !== undefined))
    yield [["weights"], "Belongs to the strategy `weighted`, and it needs them."];
  if (among !== undefined && strategy === undefined) yield [["among"], "Needs a strategy."];
  if (only === true && connections === undefined && among === undefined && weights === undefined) {
    yield [["only"], "Name the connections: in `connections`, `among` or `weights`."];
  }
  for (const [name, ids] of [
    ["connections", connections],
    ["among", among],
    ["caps", caps?.map((c) => c.connection_id)],
  ] as const) {
    if (ids !== undefined && new Set(ids).size < ids.length) yield [[name], "Names a connection twice."];
  }
}

const rule = z
  .strictObject({
    name: z.string().min(1).max(100).exactOptional(),
    when,
    then,
  })
  .superRefine(({ when: { channel }, then: { only } }, ctx) => {
    if (only !== true || channel !== undefined) return;
    ctx.addIssue({
      code: "custom",
      path: ["when", "channel"],
      message: "Must be given with `only`: other channels would have no connection left.",
    });
  })
  .meta({ id: "RoutingRule" });

const name = z.string().min(1).max(100);
const position = z.int().min(0).max(1_000_000).describe("Policies are asked from the lowest up; then by id.");
const rules = z.array(rule).min(1).max(MOST_RULES).describe("Asked in this order: the first that holds decides.");

export const createRoutingPolicy = z.strictObject({
  name,
  position: position.default(100),
  enabled: z.boolean().default(true),
  rules,
});

export const updateRoutingPolicy = z
  .strictObject({
    name: name.exactOptional(),
    position: position.exactOptional(),
    enabled: z.boolean().exactOptional(),
    rules: rules.exactOptional().describe("Replaces all of them."),
  })
  .describe("What is left out stays as it is.");

export const routingPolicyShape = z
  .object({
    id: z.string(),
    project_id: z.string(),
    name,
    position,
    enabled: z.boolean(),
    rules: z.array(rule),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: "RoutingPolicy" });

/** A connection that a rule names, and where. */
export interface Named {
  /** Such as `rules[0].then.connections[1]`. */
  readonly path: string;
  readonly id: string;
  /** Set where the rule is for one channel. */
  readonly channel: string | undefined;
}

/** Every connection that the rules name. */
export function namedIn(all: readonly RoutingRule[]): readonly Named[] {
  return all.flatMap(({ when: { channel }, then: { connections = [], among = [], weights = {}, canary, caps = [] } }, i) => {
    const at = (path: string, id: string): Named => ({ path: `rules[${i}].then.${path}`, id, channel });
    return [
      ...connections.map((id, n) => at(`connections[${n}]`, id)),
      ...among.map((id, n) => at(`among[${n}]`, id)),
      ...Object.keys(weights).map((id) => at(`weights.${id}`, id)),
      ...(canary === undefined ? [] : [at("canary.connection_id", canary.connection_id)]),
      ...caps.map((c, n) => at(`caps[${n}].connection_id`, c.connection_id)),
    ];
  });
}
