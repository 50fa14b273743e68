/** A dispatcher with a clock, providers and bells of its own, over the real databases. */
import type { Bell, Signal } from "../contract/jobs.ts";
import type { Fitness, Outcome } from "../core/breaker.ts";
import { mintMessageIds } from "../core/ids.ts";
import type { Message, Submission } from "../core/message.ts";
import { NOTHING_RECENT, type Recent } from "../core/track-record.ts";
import { messagesOf } from "../db/messages/read.ts";
import type { Carried } from "../ports/carrier.ts";
import type { Health } from "../ports/health.ts";
import { deliver } from "../verbs/deliver.ts";
import type { Deps } from "../verbs/deps.ts";
import { makeWorld, type World } from "./world.ts";

/** The message database that all of it happens in. */
export const SHARD = 1;
export const START = Date.UTC(2026, 10, 20);
const runAll = <T>(job: () => Promise<T>) => job();

/** Connections that are as fit as a test says, and note what they are told. */
export function scriptedHealth(
  fitness: (connectionId: string) => Fitness = () => ({ kind: "fit" }),
  record: (connectionId: string) => Recent = () => NOTHING_RECENT,
) {
  const noted: { connectionId: string; outcome: Outcome }[] = [];
  const health: Health = {
    know: async () => undefined,
    fitness: (_, connectionId) => fitness(connectionId),
    probe: async () => true,
    record: (_, connectionId) => record(connectionId),
    note: (_, connectionId, outcome) => void noted.push({ connectionId, outcome }),
    flush: async () => undefined,
  };
  return { health, noted };
}

/** What the carrier was given: the attempt's id, and the sender, which tells connections apart. */
export interface Carrying {
  readonly attempt: string;
  readonly from: string;
}

export interface Stage {
  readonly world: World;
  readonly deps: Deps;
  readonly clock: { now: number };
  /** Every bell that was rung. */
  readonly bells: Bell[];
  readonly signals: Signal[];
  /** Attempt ids, in the order in which they left. */
  readonly carried: string[];
  /** Ids of the connections, in their order. */
  readonly connections: readonly string[];
  /** Delivers what these bells, or all so far, ring for. */
  ring(some?: readonly Bell[]): Promise<void>;
  read(id: string): Promise<Message>;
}

/** `senders`: one SES connection each, the first first. */
export async function stage(
  answer: (carrying: Carrying) => Promise<Carried> | Carried,
  over: Partial<Deps> = {},
  senders: readonly string[] = ["shop@acme.example"],
): Promise<Stage> {
  const world = await makeWorld();
  const connections: string[] = [];
  for (const [i, from] of senders.entries()) {
    const created = await world.call("POST", "/v1/connections", {
      body: {
        channel: "email",
        provider: "ses",
        name: `SES ${i}`,
        priority: i + 1,
        settings: { region: "eu-west-1", from },
        credentials: { access_key_id: "AKIATESTTESTTESTTEST", secret_access_key: "secret-secret-secret" },
      },
    });
    if (created.status !== 201) throw new Error(await created.text());
    connections.push(((await created.json()) as { id: string }).id);
  }
  const clock = { now: START };
  const bells: Bell[] = [];
  const signals: Signal[] = [];
  const carried: string[] = [];
  const deps: Deps = {
    ...world.deps,
    now: () => clock.now,
    wait: async (ms) => {
      clock.now += ms;
    },
    health: scriptedHealth().health,
    ringer: {
      ring: async (list) => void bells.push(...list.map(({ v, tenant, shard, pack }) => ({ v, tenant, shard, pack }))),
      signal: async (_tenant, _shard, list) => void signals.push(...list),
    },
    carrier: {
      async carry(request) {
        const { EmailTags, FromEmailAddress } = (await request.json()) as {
          EmailTags: { Name: string; Value: string }[];
          FromEmailAddress: string;
        };
        const attempt = EmailTags.find((tag) => tag.Name === "attempt_id")?.Value ?? "";
        carried.push(attempt);
        return answer({ attempt, from: FromEmailAddress });
      },
    },
    ...over,
  };
  return {
    world,
    deps,
    clock,
    bells,
    signals,
    carried,
    connections,
    ring: (some = bells) => deliver(deps, world.tenantId, SHARD, some, runAll),
    async read(id) {
      const message = await messagesOf(shardOf(deps), world, clock.now).get(id);
      if (!message) throw new Error(`no message ${id}`);
      return message;
    },
  };
}

export function shardOf(deps: Deps): D1Database {
  const shard = deps.shards[SHARD];
  if (!shard) throw new Error("no such shard");
  return shard;
}

/** One email, or a run of them, that is due now. */
export function submission(world: World, over: Partial<Submission> = {}, count = 1): Submission {
  const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
  return {
    first: mintMessageIds({ at: 0, sequence: 0 }, count, { now: START, dbShard: SHARD, gateShard: 0, random }),
    project_id: world.projectId,
    mode: "live",
    priority: "normal",
    accepted_at: START,
    due_at: START,
    expires_at: null,
    order: { request_id: "req_1", content: { email: { subject: "Hi", text: "There" } } },
    to: Array.from({ length: count }, (_, i) => ({ channel: "email", destination: `u${i}@example.com` })),
    ...over,
  };
}

export const yes = (): Carried => ({ kind: "answered", status: 200, headers: new Headers(), body: '{"MessageId":"ses-1"}' });

/** A refusal of SES, by the name of its error. */
export const no = (status: number, type: string): Carried => ({
  kind: "answered",
  status,
  headers: new Headers({ "x-amzn-errortype": type }),
  body: '{"message":"no"}',
});
