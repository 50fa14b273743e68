/** Customers with endpoints, a clock and bells of their own, over the real databases: what is posted to them, and what they answer. */
import { env } from "cloudflare:workers";
import { joseUnsealer } from "../adapters/jose-vault.ts";
import type { Bell } from "../contract/jobs.ts";
import type { Submission } from "../core/message.ts";
import type { Carried } from "../ports/carrier.ts";
import type { Gate } from "../ports/gate.ts";
import type { Deps } from "../verbs/deps.ts";
import { plan } from "../verbs/plan.ts";
import { claimCallbacks, postPack } from "../verbs/post-callbacks.ts";
import { START, submission } from "./stage.ts";
import { makeWorld, type World } from "./world.ts";

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly at: number;
}

export interface Told {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Endpoint {
  readonly id: string;
  readonly secret: string;
}

export type Listed = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly reason: string | null;
  readonly next_attempt_at: string | null;
  readonly attempts: readonly Readonly<Record<string, unknown>>[];
};

export interface Customers {
  readonly world: World;
  readonly deps: Deps;
  readonly clock: { now: number };
  readonly bells: (Bell & { readonly delaySeconds: number })[];
  readonly posts: Post[];
  /** How often a gate was told to keep watch. */
  readonly watched: () => number;
  /** Makes an endpoint through the API. */
  endpoint(url?: string, events?: readonly string[]): Promise<Endpoint>;
  /** Posts what these bells, or all so far, ring for; twice over where `times` says so. */
  ring(some?: readonly Bell[], times?: number): Promise<void>;
  /** Plans one email, and answers its id. */
  send(over?: Partial<Submission>): Promise<string>;
  /** What the API says was posted. */
  deliveries(id: string, query?: string): Promise<Listed[]>;
}

export const ok = (): Carried => ({ kind: "answered", status: 200, headers: new Headers(), body: "thanks" });

export const says = (status: number, headers: Record<string, string> = {}, body = ""): Carried => ({
  kind: "answered",
  status,
  headers: new Headers(headers),
  body,
});

export const silence = (): Carried => ({ kind: "unknown", reason: "no answer within 15000 ms" });

export function told(post: Post | undefined): Told {
  if (!post) throw new Error("nothing was posted");
  return JSON.parse(post.body) as Told;
}

/** `answer`: what each customer says. */
export async function customers(
  answer: (post: Post) => Promise<Carried> | Carried,
  over: Partial<Deps> = {},
): Promise<Customers> {
  const clock = { now: START };
  const bells: Customers["bells"] = [];
  const posts: Post[] = [];
  let watched = 0;
  const { WEBHOOK_SEAL_PRIVATE_KEYS } = env as unknown as { WEBHOOK_SEAL_PRIVATE_KEYS: string };
  const mine: Partial<Deps> = {
    now: () => clock.now,
    callbackBells: { ring: async (list) => void bells.push(...list) },
    ringer: { ring: async () => undefined, signal: async () => undefined },
    ...over,
  };
  const world = await makeWorld({ deps: mine });
  const watching = {
    async watch() {
      watched += 1;
    },
  };
  const deps: Deps = {
    ...world.deps,
    unsealer: joseUnsealer(WEBHOOK_SEAL_PRIVATE_KEYS),
    // A gate that only watches: whoever asks for more fails loudly.
    gate: () => watching as unknown as Gate,
    carrier: {
      async carry(request) {
        const post = {
          url: request.url,
          headers: Object.fromEntries(request.headers),
          body: await request.text(),
          at: clock.now,
        };
        posts.push(post);
        return answer(post);
      },
    },
    ...over,
  };
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await world.call(method, path, body === undefined ? {} : { body });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    world,
    deps,
    clock,
    bells,
    posts,
    watched: () => watched,
    async endpoint(url = "https://shop.example/hooks", events = ["*"]) {
      return (await call("POST", "/v1/webhooks", { url, events })) as Endpoint;
    },
    async ring(some = bells, times = 1) {
      const byShard = new Map<number, Bell[]>();
      for (const bell of some) byShard.set(bell.shard, [...(byShard.get(bell.shard) ?? []), bell]);
      const once = async () => {
        const held = await Promise.all([...byShard].map(([shard, mine]) => claimCallbacks(deps, world.tenantId, shard, mine)));
        await Promise.all(held.flat().map((pack) => postPack(deps, pack, () => (job) => job())));
      };
      await Promise.all(Array.from({ length: times }, once));
    },
    async send(over) {
      const one = submission(world, over);
      await plan(deps, world.tenantId, [one]);
      return one.first;
    },
    async deliveries(id, query = "") {
      return ((await call("GET", `/v1/webhooks/${id}/deliveries${query}`)) as { data: Listed[] }).data;
    },
  };
}
