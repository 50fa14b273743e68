/**
 * The data plane: one such database per message shard.
 *
 * Tables that grow with traffic are WITHOUT ROWID, clustered by the key they are read by, with at most
 * one further index: a row written costs $1 a million, and every index on it another. drizzle-kit cannot
 * write WITHOUT ROWID, so the generated migration carries it by hand.
 */
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** One row a message. `deliveries` and `log` are JSON arrays (core/message.ts); `log` is append-only. */
export const messages = sqliteTable(
  "messages",
  {
    tenantId: text("tenant_id").notNull(),
    id: text("id").notNull(),
    projectId: text("project_id").notNull(),
    mode: text("mode").notNull(),
    status: text("status").notNull(),
    channel: text("channel").notNull(),
    recipient: text("recipient").notNull(),
    template: text("template"),
    priority: text("priority").notNull(),
    category: text("category"),
    tags: text("tags"),
    order: text("order_json"),
    orderRef: text("order_ref"),
    variables: text("variables"),
    deliveries: text("deliveries").notNull(),
    log: text("log").notNull(),
    createdAt: integer("created_at").notNull(),
    dueAt: integer("due_at").notNull(),
    expiresAt: integer("expires_at"),
    updatedAt: integer("updated_at").notNull(),
    /** Where what happens to this message is posted, where its request said so. */
    callbackUrl: text("callback_url"),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] }), index("messages_recipient").on(t.tenantId, t.recipient, t.id)],
);

/** What a request with many recipients asked for, kept once; a row of `messages` points here. */
export const orders = sqliteTable(
  "orders",
  {
    tenantId: text("tenant_id").notNull(),
    id: text("id").notNull(),
    order: text("order_json").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

/** Work that is not finished: a pack lives from planning (or a retry) until all of its deliveries are settled. */
export const packs = sqliteTable(
  "packs",
  {
    tenantId: text("tenant_id").notNull(),
    id: text("id").notNull(),
    channel: text("channel").notNull(),
    lane: text("lane").notNull(),
    /** JSON array of [message id, delivery number]. */
    refs: text("refs").notNull(),
    dueAt: integer("due_at").notNull(),
    /** When its bell was last rung, and how often. */
    rungAt: integer("rung_at").notNull(),
    rings: integer("rings").notNull().default(1),
    /** Who holds it and until when; null when nobody does. */
    lease: text("lease"),
    leaseUntil: integer("lease_until"),
    claims: integer("claims").notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

export const deadLetters = sqliteTable(
  "dead_letters",
  {
    tenantId: text("tenant_id").notNull(),
    id: text("id").notNull(),
    projectId: text("project_id").notNull(),
    messageId: text("message_id").notNull(),
    delivery: integer("delivery").notNull(),
    channel: text("channel").notNull(),
    code: text("code").notNull(),
    reason: text("reason").notNull(),
    /** JSON: what the task was, with every attempt. */
    task: text("task").notNull(),
    state: text("state").notNull(),
    createdAt: integer("created_at").notNull(),
    resolvedAt: integer("resolved_at"),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

/** What the sandbox caught. Pruned to the newest per tenant. */
export const sandboxMessages = sqliteTable(
  "sandbox_messages",
  {
    tenantId: text("tenant_id").notNull(),
    id: text("id").notNull(),
    projectId: text("project_id").notNull(),
    messageId: text("message_id").notNull(),
    channel: text("channel").notNull(),
    destination: text("destination").notNull(),
    /** JSON: the envelope as a provider would have got it, attachments by name and size only. */
    envelope: text("envelope").notNull(),
    at: integer("at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

/**
 * How people answer on their addresses, in sends whose order is learned (`routing.mode: smart`). A row for each address,
 * and one for each channel of a project: `email:ada@example.com`, `email`.
 */
export const engagement = sqliteTable(
  "engagement",
  {
    tenantId: text("tenant_id").notNull(),
    projectId: text("project_id").notNull(),
    key: text("key").notNull(),
    /** Deliveries that were given their whole time. */
    tried: integer("tried").notNull(),
    /** Those of them that brought what was waited for. */
    answered: integer("answered").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.projectId, t.key] })],
);

/** Who was sent what within a window (`dedupe_window_seconds`). A row only for messages that ask for it. */
export const dedupes = sqliteTable(
  "dedupes",
  {
    tenantId: text("tenant_id").notNull(),
    /** Hex SHA-256 of project, mode, channel, destination and content. */
    key: text("key").notNull(),
    /** The message that was sent; others of this key are suppressed until then. */
    messageId: text("message_id").notNull(),
    until: integer("until").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.key] }), index("dedupes_until").on(t.until)],
);

/** What happened and is to be told to one endpoint: a row for each event and endpoint, written with the event itself. */
export const callbacks = sqliteTable(
  "callbacks",
  {
    tenantId: text("tenant_id").notNull(),
    /** `whk_…`; the project's id for a message's own `callback_url`. */
    endpointId: text("endpoint_id").notNull(),
    /** `evt_…`: time, database, and a hash of what makes the event unique. The same for every endpoint. */
    id: text("id").notNull(),
    projectId: text("project_id").notNull(),
    /** `message.delivered`, … (core/customer-event.ts). */
    type: text("type").notNull(),
    /** Null where the event is not about a message. */
    messageId: text("message_id"),
    /** Only for a `callback_url`; an endpoint's own is looked up when it is posted to. */
    url: text("url"),
    /** JSON: a MessageEvent, or what else is told. The body is composed from it and the message. */
    event: text("event").notNull(),
    state: text("state").notNull(),
    /** Why it was given up; null where it was not. */
    reason: text("reason"),
    /** Counted since it was last set on its way. */
    tries: integer("tries").notNull().default(0),
    /** JSON array of CallbackAttempt (core/callback.ts), the newest last. */
    attempts: text("attempts").notNull().default("[]"),
    nextAt: integer("next_at"),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.endpointId, t.id] })],
);

/** Callbacks to one endpoint that are claimed, posted and settled together: as `packs` are to deliveries. */
export const callbackPacks = sqliteTable(
  "callback_packs",
  {
    tenantId: text("tenant_id").notNull(),
    id: text("id").notNull(),
    endpointId: text("endpoint_id").notNull(),
    /** JSON array of callback ids. */
    refs: text("refs").notNull(),
    dueAt: integer("due_at").notNull(),
    rungAt: integer("rung_at").notNull(),
    rings: integer("rings").notNull().default(1),
    lease: text("lease"),
    leaseUntil: integer("lease_until"),
    claims: integer("claims").notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

/** What the outside said of a message that has no row here: kept for a week, for the case that it gets one. */
export const earlySignals = sqliteTable(
  "early_signals",
  {
    tenantId: text("tenant_id").notNull(),
    messageId: text("message_id").notNull(),
    /** As in the event's log: a repeat has the same. */
    key: text("key").notNull(),
    /** JSON: a Signal (contract/jobs.ts). */
    signal: text("signal").notNull(),
    at: integer("at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.messageId, t.key] })],
);

/** Signatures that do not cover the body they came with, each good for one body (`once` in providers/provider.ts). */
export const spentSignatures = sqliteTable(
  "spent_signatures",
  {
    tenantId: text("tenant_id").notNull(),
    connectionId: text("connection_id").notNull(),
    /** Quarters of an hour since 1970: the old ones go first. */
    slot: integer("slot").notNull(),
    token: text("token").notNull(),
    /** Hex SHA-256. */
    bodyHash: text("body_hash").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.connectionId, t.slot, t.token] })],
);
