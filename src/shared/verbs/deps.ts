/** What verbs are made from. A verb names just what it uses: `Pick<Deps, "control" | "now">`. */
import type { Random } from "../core/ids.ts";
import type { OutboundByChannel } from "../core/outbound.ts";
import type { Timing } from "../core/timing.ts";
import type { CallbackRinger } from "../ports/callback-ringer.ts";
import type { Carrier } from "../ports/carrier.ts";
import type { Desk } from "../ports/desk.ts";
import type { Gate } from "../ports/gate.ts";
import type { Breakers, Health } from "../ports/health.ts";
import type { Lessor } from "../ports/lessor.ts";
import type { Mailer } from "../ports/mailer.ts";
import type { Postman } from "../ports/postman.ts";
import type { Ringer } from "../ports/ringer.ts";
import type { Sockets } from "../ports/sockets.ts";
import type { Sealer, Unsealer } from "../ports/vault.ts";

export interface Deps {
  /** Milliseconds since 1970. The only clock. */
  readonly now: () => number;
  /** Lets time pass, milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
  readonly random: Random;
  /** How long things wait before somebody else takes them up. */
  readonly timing: Timing;
  readonly log: (line: LogLine) => void;
  /** The control database. */
  readonly control: D1Database;
  /** The message databases, by index. */
  readonly shards: readonly D1Database[];
  /** The gate of a tenant's shard. */
  readonly gate: (tenantId: string, gateShard: number) => Gate;
  readonly files: R2Bucket;
  readonly ringer: Ringer;
  readonly carrier: Carrier;
  readonly sockets: Sockets;
  /** Null where this deployment has no such binding. */
  readonly mailer: Mailer | null;
  /** How fit connections are. */
  readonly health: Health;
  readonly breakers: Breakers;
  /** Permits to send, where something limits it. */
  readonly lessor: Lessor;
  /** What the whole deployment may send, by channel. */
  readonly outboundLimits: OutboundByChannel;
  readonly sealer: Sealer;
  /** Opens what was sealed to this Worker's own key. */
  readonly unsealer: Unsealer;
  /** Bells of callbacks to customers. */
  readonly callbackBells: CallbackRinger;
  /** The webhooks Worker, as the api Worker asks it to post. */
  readonly postman: Postman;
  /** Seals to the webhooks Worker: what verifies callbacks from providers, and signs those to customers. */
  readonly webhookSealer: Sealer;
  /** The dispatcher, as the api Worker reaches it. */
  readonly desk: Desk;
  /** The webhooks Worker, as the api Worker reaches it. */
  readonly webhooks: Pick<Fetcher, "fetch">;
  /** What a queue holds at this moment; null where the runtime cannot tell. */
  readonly queueMetrics: (queue: string) => Promise<QueueMetrics | null>;
  /** Whether connections may point at plain http and private addresses. */
  readonly allowPrivateEndpoints: boolean;
  /** Signs what we hand out as links; empty where a Worker hands out none. */
  readonly linkSecret: string;
  /** Signed links before that secret was replaced: what they signed is still ours. */
  readonly formerLinkSecrets: readonly string[];
  /** How the world reaches this deployment, without a trailing slash. */
  readonly publicUrl: string;
  /** Where private endpoints are allowed: the origin of a double of SNS. Empty where there is none. */
  readonly snsOrigin: string;
}

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Who acts, for the audit log. */
export interface Actor {
  readonly tenantId: string;
  readonly projectId: string;
  /** `key:key_…`, `operator`, or `system`. */
  readonly name: string;
  readonly requestId: string;
}
