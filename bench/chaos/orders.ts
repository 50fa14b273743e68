/** What customers ask for in a run, all of it out of the seed: every destination is used once, so a double shows. */
import { Chance } from "./chance.ts";

export type Guarantee = "at_least_once" | "at_most_once";

/** One request and the messages that it asks for. */
export interface Order {
  readonly index: number;
  readonly tenant: number;
  readonly path: "/v1/send" | "/v1/batch";
  /** Since the load began, milliseconds. */
  readonly atMs: number;
  /** The body; `schedule_at` is added when it first goes out, since it counts from then. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly scheduleInMs: number | null;
  readonly ttlSeconds: number | null;
  readonly guarantee: Guarantee;
  readonly to: readonly Destination[];
  /** The same request comes once more: at once, or so much later. */
  readonly againAfterMs: number | null;
  /** After the 202 its first message is cancelled, so much later. */
  readonly cancelAfterMs: number | null;
}

export interface Destination {
  readonly channel: string;
  readonly destination: string;
}

/** Customers that write one by one, the last one in bulk. */
export const TENANTS = 3;
const BULK = TENANTS - 1;
const BULK_SHARE = 0.4;
const BATCH = { least: 10, most: 60 };

const CHANNELS = [
  [40, "email"],
  [25, "sms"],
  [15, "push"],
  [10, "whatsapp"],
  [10, "chat"],
] as const;

/** What the sandbox does with a destination (providers/sandbox.ts); it knows no `fine`, so that one is delivered. */
const SANDBOX_RULES = [
  [80, "fine"],
  [4, "flaky-1"],
  [4, "flaky-2"],
  [4, "unknown-1"],
  [3, "rejected"],
  [3, "bounced"],
  [2, "unsure"],
] as const;

const CONTENT = {
  email: { subject: "Order {{ n }}", text: "Your order {{ n }} is on its way." },
  sms: { text: "Order {{ n }}" },
  push: { title: "Order", body: "Order {{ n }}" },
  whatsapp: { text: "Order {{ n }}" },
  chat: { text: "Order {{ n }}" },
};

/** About `messages` messages over `loadMs`, in the order in which they are asked for. */
export function ordersOf(seed: number, messages: number, loadMs: number): Order[] {
  const chance = new Chance(seed, "orders");
  const orders: Order[] = [];
  const bulk = Math.round(messages * BULK_SHARE);
  let serial = 0;
  const add = (tenant: number, recipients: number): void => {
    const to = Array.from({ length: recipients }, () => destination(chance, seed, serial++));
    orders.push(orderOf(chance, { index: orders.length, tenant, to, atMs: chance.between(0, loadMs) }));
  };
  while (serial < bulk) add(BULK, chance.between(BATCH.least, BATCH.most));
  while (serial < messages) add(chance.between(0, BULK - 1), chance.hits(0.1) ? chance.between(2, 5) : 1);
  return orders.sort((a, b) => a.atMs - b.atMs);
}

function orderOf(chance: Chance, place: Pick<Order, "index" | "tenant" | "to" | "atMs">): Order {
  const isBatch = place.tenant === BULK;
  const guarantee: Guarantee = chance.hits(0.3) ? "at_most_once" : "at_least_once";
  const scheduleInMs = chance.hits(0.1) ? chance.between(1, 8) * 1000 : null;
  const ttlSeconds = chance.hits(0.07) ? chance.between(1, 6) : null;
  const priority = isBatch ? "low" : chance.pick([[1, "critical"] as const, [3, "high"], [6, "normal"]]);
  return {
    ...place,
    path: isBatch ? "/v1/batch" : "/v1/send",
    body: {
      [isBatch ? "recipients" : "to"]: place.to,
      content: Object.fromEntries(Object.entries(CONTENT).filter(([c]) => place.to.some(({ channel }) => channel === c))),
      variables: { n: place.index },
      priority,
      ...(guarantee === "at_least_once" && chance.hits(0.5) ? {} : { delivery: guarantee }),
      ...(ttlSeconds === null ? {} : { ttl_seconds: ttlSeconds }),
    },
    scheduleInMs,
    ttlSeconds,
    guarantee,
    againAfterMs: chance.hits(0.05) ? chance.between(0, 2) * chance.between(0, 2000) : null,
    cancelAfterMs: chance.hits(0.08) ? chance.between(0, 5000) : null,
  };
}

/** `+44 7400 …`, a block of the United Kingdom's mobile numbers: every serial its own. */
function phone(serial: number): string {
  return `+447400${String(serial % 1_000_000).padStart(6, "0")}`;
}

function destination(chance: Chance, seed: number, serial: number): Destination {
  const channel = chance.pick(CHANNELS);
  switch (channel) {
    case "email":
      return { channel, destination: `c${seed}-${serial}@example.com` };
    case "sms":
    case "whatsapp":
      return { channel, destination: phone(serial) };
    case "push":
    case "chat":
      return { channel, destination: `fail:${chance.pick(SANDBOX_RULES)}:${seed}-${serial}` };
  }
}
