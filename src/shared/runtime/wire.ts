/** The composition root: the only file that names bindings. */
import { connect } from "cloudflare:sockets";
import { waitUntil } from "cloudflare:workers";
import { emailBinding } from "../adapters/email-binding.ts";
import { fetchCarrier } from "../adapters/fetch-carrier.ts";
import { gateClients, gateStub } from "../adapters/gate-client.ts";
import { healthClient } from "../adapters/health-client.ts";
import { healthObjects } from "../adapters/health-objects.ts";
import { joinedSignals } from "../adapters/joined-signals.ts";
import { joseSealer, joseUnsealer } from "../adapters/jose-vault.ts";
import { leaseClient, leasePlaces } from "../adapters/lease-client.ts";
import { queueCallbackRinger } from "../adapters/queue-callback-ringer.ts";
import { queueRinger } from "../adapters/queue-ringer.ts";
import { type Connect, socketCarrier } from "../adapters/socket-carrier.ts";
import type { Bell } from "../contract/jobs.ts";
import { type Channel, type Lane, sendQueue } from "../core/channels.ts";
import { gateName } from "../core/placement.ts";
import type { Desk } from "../ports/desk.ts";
import type { Postman } from "../ports/postman.ts";
import type { Ringer } from "../ports/ringer.ts";
import type { Deps } from "../verbs/deps.ts";
import { shaken } from "./chaos.ts";
import { counted, countsOf, LEDGER_PATH } from "./ledger.ts";
import { logger } from "./log.ts";
import { outboundOf } from "./outbound.ts";
import { timingOf } from "./timing.ts";

/** Secrets are not in wrangler.toml, so the generated types do not know them. */
export type DispatcherBindings = DispatcherEnv & {
  /** On one machine only: straight to the network, past the Worker that Miniflare puts in front of it. */
  readonly EGRESS?: Fetcher;
  /** Only where the operator has a domain at Cloudflare's Email Service, and says so in wrangler.toml. */
  readonly EMAIL?: SendEmail;
  readonly SEAL_PRIVATE_KEYS: string;
};
export type ApiBindings = ApiEnv;
export type WebhooksBindings = WebhooksEnv & {
  /** As the dispatcher's. */
  readonly EGRESS?: Fetcher;
  readonly WEBHOOK_SEAL_PRIVATE_KEYS: string;
};

const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));

/** How sockets leave. */
function wayOut({ EGRESS: egress }: DispatcherBindings): Connect {
  return egress === undefined ? connect : (address, options) => egress.connect(address, options);
}

/** A binding that this Worker does not have: using it is a bug, and says which. */
function absent<T extends object>(what: string): T {
  return new Proxy({} as T, {
    get(_, property): never {
      throw new Error(`${what}.${String(property)} is not wired in this Worker`);
    },
  });
}

/** Reads a variable that must be there; a missing one fails by its name. */
function required(env: object, name: string): string {
  const value = (env as Record<string, unknown>)[name];
  if (typeof value !== "string" || value === "") throw new Error(`the variable ${name} is missing`);
  return value;
}

function messageShards(env: object): D1Database[] {
  const shards: D1Database[] = [];
  for (let i = 0; ; i++) {
    const shard = (env as Record<string, unknown>)[`MESSAGES_${String(i).padStart(2, "0")}`];
    if (!shard) return shards;
    shards.push(shard as D1Database);
  }
}

/** LINK_SECRET, in the Workers that make or read signed links. */
function linkSecret(env: object): string {
  return (env as { readonly LINK_SECRET?: string }).LINK_SECRET ?? "";
}

/** LINK_SECRETS_FORMER: those that LINK_SECRET was before, with commas between them. */
function formerLinkSecrets(env: object): string[] {
  const former = (env as { readonly LINK_SECRETS_FORMER?: string }).LINK_SECRETS_FORMER ?? "";
  return former.split(",").filter((secret) => secret !== "");
}

/** A queue's producer binding: `send-email-express` is bound as SEND_EMAIL_EXPRESS. */
function queueBinding(env: object, queue: string): Queue<Bell> | undefined {
  return (env as Record<string, Queue<Bell> | undefined>)[queue.toUpperCase().replaceAll("-", "_")];
}

/** Older runtimes have no `metrics`, and a failure to count is no failure. */
async function readQueue(queue: Queue<Bell> | undefined): Promise<QueueMetrics | null> {
  if (typeof queue?.metrics !== "function") return null;
  return queue.metrics().catch(() => null);
}

function common(env: { readonly DB: D1Database; readonly LOG_LEVEL: string }, worker: string) {
  return {
    now: () => Date.now(),
    wait: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    random,
    log: logger(env.LOG_LEVEL, worker),
    control: env.DB,
    shards: messageShards(env),
    linkSecret: linkSecret(env),
    formerLinkSecrets: formerLinkSecrets(env),
    timing: timingOf(env),
  };
}

export type ObjectDeps = Pick<Deps, "now" | "random" | "log" | "control" | "timing">;

/** What Durable Objects are made from. */
export function objectDeps(bindings: DispatcherBindings): ObjectDeps {
  return common(shaken(counted(bindings)), "dispatcher");
}

/** Hex SHA-256 of the operator's key; empty where this deployment has none. */
export function operatorKeyHash(env: ApiBindings): string {
  return env.OPERATOR_KEY_HASH;
}

export function apiDeps(bindings: ApiBindings): Deps {
  const env = shaken(counted(bindings));
  const desk = env.DISPATCHER as unknown as Desk;
  return {
    ...common(env, "api"),
    gate: gateClients(env.TENANT_GATE as unknown as DurableObjectNamespace, waitUntil, () => Date.now()),
    files: env.FILES,
    ringer: { ...absent<Ringer>("ringer"), ring: (bells) => desk.ring(bells) },
    callbackBells: queueCallbackRinger(env.CALLBACKS),
    postman: env.POSTMAN as unknown as Postman,
    carrier: absent("carrier"),
    sockets: absent("sockets"),
    mailer: null,
    health: absent("health"),
    breakers: absent("breakers"),
    lessor: absent("lessor"),
    outboundLimits: {},
    sealer: joseSealer(env.SEAL_PUBLIC_KEY),
    webhookSealer: joseSealer(env.WEBHOOK_SEAL_PUBLIC_KEY),
    unsealer: absent("unsealer"),
    desk,
    webhooks: env.WEBHOOKS,
    queueMetrics: async () => null,
    allowPrivateEndpoints: env.ALLOW_PRIVATE_ENDPOINTS === "true",
    publicUrl: env.PUBLIC_URL,
    snsOrigin: "",
  };
}

/** What each Worker has counted (runtime/ledger.ts), by its name. */
export async function ledgersOf(env: ApiBindings): Promise<Record<string, unknown>> {
  const dispatcher = env.DISPATCHER as unknown as { ledger(): Promise<unknown> };
  const webhooks = await env.WEBHOOKS.fetch(`http://webhooks${LEDGER_PATH}`);
  return { api: countsOf(env), dispatcher: await dispatcher.ledger(), webhooks: await webhooks.json() };
}

export function dispatcherDeps(bindings: DispatcherBindings): Deps {
  const env = shaken(counted(bindings));
  const queueOf = (channel: Channel, lane: Lane): Queue<Bell> => {
    const name = sendQueue(channel, lane);
    const queue = queueBinding(env, name);
    if (!queue) throw new Error(`the queue ${name} is not bound`);
    return queue;
  };
  const base = common(env, "dispatcher");
  const health = healthClient(healthObjects(env.PROVIDER_HEALTH as unknown as DurableObjectNamespace), base);
  return {
    ...base,
    gate: (tenantId, gateShard) => gateStub(env.TENANT_GATE as unknown as DurableObjectNamespace, gateName(tenantId, gateShard)),
    files: env.FILES,
    ringer: queueRinger(queueOf, env.EVENTS),
    callbackBells: queueCallbackRinger(env.CALLBACKS),
    postman: absent("postman"),
    carrier: fetchCarrier(env.EGRESS, timingOf(bindings).carryWithinMs),
    sockets: socketCarrier(wayOut(env), base.now, timingOf(bindings).carryWithinMs),
    mailer: env.EMAIL === undefined ? null : emailBinding(env.EMAIL),
    health,
    breakers: health,
    lessor: leaseClient(leasePlaces(env.PROVIDER_LEASE as unknown as DurableObjectNamespace), base.log),
    outboundLimits: outboundOf(env, base.log),
    sealer: absent("sealer"),
    webhookSealer: absent("webhookSealer"),
    unsealer: joseUnsealer(required(env, "SEAL_PRIVATE_KEYS")),
    desk: absent("desk"),
    webhooks: absent("webhooks"),
    queueMetrics: (queue) => readQueue(queueBinding(env, queue)),
    allowPrivateEndpoints: env.ALLOW_PRIVATE_ENDPOINTS === "true",
    publicUrl: env.PUBLIC_URL,
    snsOrigin: "",
  };
}

/** Of the isolate: what several requests hand to the recorder at the same time. */
const joined = joinedSignals(waitUntil, () => Date.now());

export function webhooksDeps(bindings: WebhooksBindings): Deps {
  const env = shaken(counted(bindings));
  const ringer = queueRinger(() => absent("a queue of bells"), env.EVENTS);
  const allowPrivateEndpoints = env.ALLOW_PRIVATE_ENDPOINTS === "true";
  return {
    ...common(env, "webhooks"),
    gate: (tenantId, gateShard) => gateStub(env.TENANT_GATE as unknown as DurableObjectNamespace, gateName(tenantId, gateShard)),
    files: absent("files"),
    ringer: { ...ringer, signal: joined(ringer.signal) },
    callbackBells: queueCallbackRinger(env.CALLBACKS),
    postman: absent("postman"),
    carrier: fetchCarrier(env.EGRESS, timingOf(bindings).carryWithinMs),
    sockets: absent("sockets"),
    mailer: null,
    health: absent("health"),
    breakers: absent("breakers"),
    lessor: absent("lessor"),
    outboundLimits: {},
    sealer: absent("sealer"),
    webhookSealer: absent("webhookSealer"),
    unsealer: joseUnsealer(required(env, "WEBHOOK_SEAL_PRIVATE_KEYS")),
    desk: absent("desk"),
    webhooks: absent("webhooks"),
    queueMetrics: async () => null,
    allowPrivateEndpoints,
    publicUrl: env.PUBLIC_URL,
    snsOrigin: allowPrivateEndpoints ? env.SNS_CERT_ORIGIN : "",
  };
}
