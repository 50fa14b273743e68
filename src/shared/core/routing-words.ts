/** How a connection can come to its place in an order. */
export const STRATEGIES = ["priority", "cheapest", "most_reliable", "fastest", "weighted"] as const;
export type Strategy = (typeof STRATEGIES)[number];

/**
 * A strategy, or `connections`: the rule lists it; `canary`: it is the rule's canary; `rest`: the rule does not name it, so it
 * comes after those that it names.
 */
export const CHOSEN_BY = [...STRATEGIES, "connections", "canary", "rest"] as const;
export type ChosenBy = (typeof CHOSEN_BY)[number];
