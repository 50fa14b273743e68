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
