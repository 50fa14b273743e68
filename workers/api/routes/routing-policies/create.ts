import { routingPolicyShape, createRoutingPolicy as shape } from "../../../../src/shared/contract/routing-policies.ts";
import { ruleOf } from "../../../../src/shared/core/routing-rule.ts";
import { createRoutingPolicy } from "../../../../src/shared/verbs/create-routing-policy.ts";
import { route } from "../../route.ts";
import { routingPolicyView } from "./view.ts";

export const createRoutingPolicyRoute = route({
  method: "POST",
  path: "/v1/routing-policies",
  operationId: "createRoutingPolicy",
  tag: "routing",
  summary: "Say which connection carries what",
  description:
    "Every live delivery asks the enabled policies of its project, from the lowest `position` up, and their rules in order. The " +
    "first rule that holds decides; where none does, or there is no policy, connections are tried by their `priority`. Whatever " +
    "a rule says, a connection whose breaker is open is passed over. Each attempt keeps in `route` which rule decided, and why. " +
    "Two to begin with are among the examples: one-time passwords by the most reliable connection, marketing by the cheapest.",
  auth: "routing:write",
  body: shape,
  examples: [
    {
      summary: "One-time passwords: the most reliable, and after any refusal the next",
      body: {
        name: "One-time passwords",
        position: 10,
        rules: [
          ruleOf(
            { category: ["otp"] },
            { strategy: "most_reliable", overflow: true, fail_over_on: ["transient", "throttled", "misconfigured", "permanent"] },
          ),
        ],
      },
    },
    {
      summary: "Marketing: the cheapest",
      body: { name: "Marketing", position: 20, rules: [ruleOf({ category: ["marketing"] }, { strategy: "cheapest" })] },
    },
    {
      summary: "By country and by night",
      body: {
        name: "By country",
        rules: [
          ruleOf({ channel: "sms", country: ["GB", "IE"] }, { strategy: "cheapest", overflow: true }, "The islands"),
          ruleOf(
            { channel: "sms", time: { from: "22:00", to: "07:00", timezone: "Europe/London", days: ["sat", "sun"] } },
            { strategy: "fastest" },
            "Nights of the weekend",
          ),
        ],
      },
    },
  ],
  responses: { 201: { description: "The policy. Deliveries go by it within ten seconds.", body: routingPolicyShape } },
  faults: ["conflict"],
  handle: async ({ deps, actor, body }) => ({
    status: 201,
    body: routingPolicyView(await createRoutingPolicy(deps, actor, body)),
  }),
});
