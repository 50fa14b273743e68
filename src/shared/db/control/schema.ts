/** The control plane: who may do what, through which accounts, with which words. Small, relational, one database. */
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

export const tenants = sqliteTable("tenants", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  status: text("status", { enum: ["active", "suspended"] }).notNull(),
  /** JSON: TenantLimits (core/tenant.ts). */
  limits: text("limits").notNull(),
  /** JSON array: indexes of the message databases that this tenant is placed on. */
  dbShards: text("db_shards").notNull(),
  gateShards: integer("gate_shards").notNull(),
  createdAt: integer("created_at").notNull(),
});

export const projects = sqliteTable(
  "projects",
  {
    id: text("id").primaryKey(),
    tenantId: text("tenant_id").notNull(),
    name: text("name").notNull(),
    /** JSON: ProjectSettings (core/tenant.ts). */
    settings: text("settings").notNull(),
    createdAt: integer("created_at").notNull(),
    /** JSON array of KeptKey (core/signing-keys.ts): what signs callbacks to a message's `callback_url`. */
    callbackKeys: text("callback_keys").notNull().default("[]"),
  },
  (t) => [index("projects_tenant").on(t.tenantId, t.id)],
);

export const apiKeys = sqliteTable(
  "api_keys",
  {
    /** Hex SHA-256 of the whole key; the key itself is shown once and kept nowhere. */
    hash: text("hash").primaryKey(),
    id: text("id").notNull(),
    tenantId: text("tenant_id").notNull(),
    projectId: text("project_id").notNull(),
    mode: text("mode", { enum: ["live", "test"] }).notNull(),
    name: text("name").notNull(),
    /** First characters, for people to tell keys apart. */
    hint: text("hint").notNull(),
    /** JSON array of scopes. */
    scopes: text("scopes").notNull(),
    /** JSON: BucketLimit for this key, or null for none of its own. */
    rateLimit: text("rate_limit"),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at"),
    revokedAt: integer("revoked_at"),
    lastUsedAt: integer("last_used_at"),
    /** Set where abuse was detected, with why; null again once somebody has resumed it. */
    suspendedAt: integer("suspended_at"),
    suspendedReason: text("suspended_reason"),
  },
  (t) => [uniqueIndex("api_keys_tenant").on(t.tenantId, t.id)],
);

export const templates = sqliteTable(
  "templates",
  {
    id: text("id").primaryKey(),
    tenantId: text("tenant_id").notNull(),
    projectId: text("project_id").notNull(),
    /** Unique in its project; what `template_id: "order_shipped"` names. */
    name: text("name").notNull(),
    description: text("description").notNull(),
    publishedVersion: integer("published_version"),
    latestVersion: integer("latest_version").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    archivedAt: integer("archived_at"),
  },
  (t) => [uniqueIndex("templates_name").on(t.tenantId, t.projectId, t.name)],
);

/** Immutable once written. */
export const templateVersions = sqliteTable(
  "template_versions",
  {
    tenantId: text("tenant_id").notNull(),
    templateId: text("template_id").notNull(),
    version: integer("version").notNull(),
    /** JSON: Content (core/message.ts). */
    content: text("content").notNull(),
    createdAt: integer("created_at").notNull(),
    createdBy: text("created_by").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.templateId, t.version] })],
);

export const connections = sqliteTable(
  "connections",
  {
    id: text("id").primaryKey(),
    tenantId: text("tenant_id").notNull(),
    projectId: text("project_id").notNull(),
    channel: text("channel").notNull(),
    provider: text("provider").notNull(),
    name: text("name").notNull(),
    /** Lower goes first. */
    priority: integer("priority").notNull(),
    enabled: integer("enabled", { mode: "boolean" }).notNull(),
    /** JSON: what is no secret, such as region, from, endpoint. */
    settings: text("settings").notNull(),
    /** Compact JWE, sealed to the dispatcher's public key; never returned. */
    credentials: text("credentials").notNull(),
    credentialsKeyId: text("credentials_key_id").notNull(),
    /** JSON: field of the credentials → its masked end, made before sealing, since nobody who shows it can unseal. */
    credentialHints: text("credential_hints").notNull().default("{}"),
    /** JSON: OutboundLimits (core/outbound.ts): how fast, and how many at once. */
    limits: text("limits").notNull().default("{}"),
    /** JSON: PriceTable (core/price.ts): what one message or part costs, by country. */
    prices: text("prices").notNull().default("{}"),
    /** Compact JWE of what verifies this connection's callbacks, sealed to the webhooks Worker's key; null where there is none. */
    verification: text("verification"),
    /** JSON: field of the verification → its masked end. */
    verificationHints: text("verification_hints").notNull().default("{}"),
    verifiedAt: integer("verified_at"),
    /** Since when its breaker is not closed; null where it is. Its ProviderHealth object knows the rest. */
    unwellSince: integer("unwell_since"),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [index("connections_project").on(t.tenantId, t.projectId, t.channel, t.priority)],
);

export const attachments = sqliteTable(
  "attachments",
  {
    id: text("id").primaryKey(),
    tenantId: text("tenant_id").notNull(),
    projectId: text("project_id").notNull(),
    filename: text("filename").notNull(),
    contentType: text("content_type").notNull(),
    sizeBytes: integer("size_bytes").notNull(),
    sha256: text("sha256").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [index("attachments_tenant").on(t.tenantId, t.projectId, t.id)],
);

/** Who changed what, when. Written in the same commit as the change. */
export const audit = sqliteTable(
  "audit",
  {
    tenantId: text("tenant_id").notNull(),
    id: text("id").notNull(),
    projectId: text("project_id"),
    /** `key:key_…`, `operator`, or `system`. */
    actor: text("actor").notNull(),
    /** `template.created`, `connection.deleted`, … */
    action: text("action").notNull(),
    target: text("target").notNull(),
    details: text("details").notNull(),
    requestId: text("request_id"),
    at: integer("at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

/** What Carillon tells a tenant about itself: a breaker that opened, a key that was suspended. Append-only. */
export const notices = sqliteTable(
  "notices",
  {
    tenantId: text("tenant_id").notNull(),
    id: text("id").notNull(),
    projectId: text("project_id"),
    /** `connection.opened`, `key.suspended`, … (core/notice.ts). */
    type: text("type").notNull(),
    /** What it is about, such as a connection's id. */
    subject: text("subject").notNull(),
    /** JSON. */
    details: text("details").notNull(),
    at: integer("at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);

/** Which connection carries what: ordered rules (core/routing-rule.ts). */
export const routingPolicies = sqliteTable(
  "routing_policies",
  {
    tenantId: text("tenant_id").notNull(),
    projectId: text("project_id").notNull(),
    id: text("id").notNull(),
    name: text("name").notNull(),
    /** Lower is asked first. */
    position: integer("position").notNull(),
    enabled: integer("enabled", { mode: "boolean" }).notNull(),
    /** JSON array of RoutingRule. */
    rules: text("rules").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.projectId, t.id] })],
);

/** Whom not to write to. `tenant_id` is `*` for what holds for everybody. */
export const suppressions = sqliteTable(
  "suppressions",
  {
    tenantId: text("tenant_id").notNull(),
    channel: text("channel").notNull(),
    /** As in messages.recipient: normalised. */
    destination: text("destination").notNull(),
    /** `bounce`, `complaint`, `unsubscribe`, `invalid`, `manual`. */
    reason: text("reason").notNull(),
    /** Who said so: `provider:ses`, `key:key_…`, `operator`. */
    source: text("source").notNull(),
    projectId: text("project_id"),
    messageId: text("message_id"),
    createdAt: integer("created_at").notNull(),
    /** Null for ever. */
    expiresAt: integer("expires_at"),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.channel, t.destination] })],
);

/** Where a project wants its events posted. */
export const webhookEndpoints = sqliteTable(
  "webhook_endpoints",
  {
    tenantId: text("tenant_id").notNull(),
    id: text("id").notNull(),
    projectId: text("project_id").notNull(),
    url: text("url").notNull(),
    /** JSON array of event types, or patterns such as `message.*` (core/customer-event.ts). */
    events: text("events").notNull(),
    description: text("description").notNull(),
    enabled: integer("enabled", { mode: "boolean" }).notNull(),
    /** JSON array of KeptKey (core/signing-keys.ts), the newest first. */
    keys: text("keys").notNull(),
    /** Since when nothing but failure came back; null after a success. */
    failingSince: integer("failing_since"),
    /** Set where Carillon itself disabled it, with why: what happens then is kept for `recover`. */
    disabledAt: integer("disabled_at"),
    disabledReason: text("disabled_reason"),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] })],
);
