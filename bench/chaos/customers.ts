/** The customers of a run: tenants with accounts at the providers, and what they ask for. */
import type { Accepted } from "./balance.ts";
import type { Carriers } from "./carriers.ts";
import type { Client } from "./client.ts";
import { type Order, TENANTS } from "./orders.ts";

/** Quick to try again, and soon given up: a run has no day to spare. */
const RETRY = { steps_seconds: [1, 1, 2], cap_seconds: 3, total_seconds: 60 };
const LIMITS = { rate_per_second: 1e5, burst: 1e6 };

/** Their live keys, by tenant. The carriers are their only way out by email and SMS, the sandbox that of the rest. */
export async function makeTenants(client: Client, operatorKey: string, carriers: Carriers): Promise<string[]> {
  const keys: string[] = [];
  for (let tenant = 0; tenant < TENANTS; tenant++) {
    const made = await client.get<{ live_key: string; project_id: string }>({
      key: operatorKey,
      method: "POST",
      path: "/admin/tenants",
      body: { name: `Chaos ${tenant}`, limits: LIMITS, gate_shards: 1 + (tenant % 2) },
    });
    const key = made.live_key;
    await client.get({ key, method: "PATCH", path: `/v1/projects/${made.project_id}`, body: { settings: { retry: RETRY } } });
    for (const { id, channel } of await client.all<{ id: string; channel: string }>(key, "/v1/connections")) {
      if (isOutside(channel)) await client.get({ key, method: "DELETE", path: `/v1/connections/${id}` });
    }
    for (const body of carriers.connections) await client.get({ key, method: "POST", path: "/v1/connections", body });
    keys.push(key);
  }
  return keys;
}

export function isOutside(channel: string): boolean {
  return channel === "email" || channel === "sms";
}

export interface Placed {
  readonly accepted: Accepted[];
  /** What was answered as it should not be. */
  readonly strange: string[];
  repeats: number;
  replayed: number;
  cancels: number;
}

/** Places all orders, each at its time, and the repeats and cancels that belong to them. */
export async function place(client: Client, keys: readonly string[], orders: readonly Order[], seed: number): Promise<Placed> {
  const placed: Placed = { accepted: [], strange: [], repeats: 0, replayed: 0, cancels: 0 };
  const began = Date.now();
  await Promise.all(
    orders.map(async (order) => {
      await until(began + order.atMs);
      const key = keys[order.tenant] ?? "";
      await placeOne(client, key, order, `order-${seed}-${order.index}`, placed);
    }),
  );
  return placed;
}

async function placeOne(client: Client, key: string, order: Order, idempotencyKey: string, placed: Placed): Promise<void> {
  // To the second, as the API keeps it.
  const notBefore = order.scheduleInMs === null ? null : Math.ceil((Date.now() + order.scheduleInMs) / 1000) * 1000;
  const body = { ...order.body, ...(notBefore === null ? {} : { schedule_at: new Date(notBefore).toISOString() }) };
  const ask = async () => client.ask({ key, method: "POST", path: order.path, body, idempotencyKey });
  const [first, second] = await Promise.all([
    ask(),
    order.againAfterMs === null ? null : until(Date.now() + order.againAfterMs).then(ask),
  ]);
  if (first.status !== 202) {
    placed.strange.push(`${order.path}: ${first.status} ${JSON.stringify(first.body).slice(0, 300)}`);
    return;
  }
  const ids = idsOf(first.body);
  if (second !== null) {
    placed.repeats += 1;
    if (second.isReplayed) placed.replayed += 1;
    const same = second.status === 202 && JSON.stringify(idsOf(second.body)) === JSON.stringify(ids);
    if (!same) placed.strange.push(`a repeat of ${idempotencyKey} was answered ${second.status} with other ids`);
  }
  if (ids.length !== order.to.length) placed.strange.push(`${order.path}: ${ids.length} ids for ${order.to.length} messages`);
  const cancelled = order.cancelAfterMs === null ? null : await cancel(client, key, ids[0] ?? "", order.cancelAfterMs, placed);
  for (const [i, { channel, destination }] of order.to.entries()) {
    placed.accepted.push({
      id: ids[i] ?? "",
      tenant: order.tenant,
      destination,
      isOutside: isOutside(channel),
      guarantee: order.guarantee,
      notBefore,
      ttlSeconds: order.ttlSeconds,
      isCancelled: i === 0 && cancelled === true,
    });
  }
}

/** Whether it was still time. */
async function cancel(client: Client, key: string, id: string, afterMs: number, placed: Placed): Promise<boolean> {
  await until(Date.now() + afterMs);
  const { status } = await client.ask({ key, method: "POST", path: `/v1/messages/${id}/cancel` });
  placed.cancels += 1;
  if (status !== 200 && status !== 409) placed.strange.push(`the cancel of ${id} was answered ${status}`);
  return status === 200;
}

/** Of a send, or of a batch of recipients. */
function idsOf(body: unknown): string[] {
  const { message_ids, data } = body as { message_ids?: string[]; data?: { message_ids?: string[] }[] };
  return message_ids ?? (data ?? []).flatMap((item) => item.message_ids ?? []);
}

export function until(at: number): Promise<void> {
  return new Promise((done) => setTimeout(done, Math.max(0, at - Date.now())));
}
