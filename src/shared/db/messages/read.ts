/** Reads of messages. One shard's database each; a message id names its shard. */
import { getTableColumns } from "drizzle-orm";
import type { Channel, Priority } from "../../core/channels.ts";
import { encode32 } from "../../core/ids.ts";
import type { Delivery, Message, MessageEvent, Mode, Order } from "../../core/message.ts";
import type { MessageFilter } from "../../core/message-filter.ts";
import type { Status } from "../../core/status.ts";
import type { ProjectScope } from "../scope.ts";
import { mergePages, type Page, SCAN_ROWS, scannedPage } from "./pages.ts";
import { messages } from "./schema.ts";

export type MessageRow = typeof messages.$inferSelect;

/** Every column of a message under its name in the schema, for `SELECT` lists: what `toMessage` takes. */
export const MESSAGE_COLUMNS = Object.entries(getTableColumns(messages))
  .map(([name, column]) => `"${column.name}" AS "${name}"`)
  .join(", ");

/** Clocks that gave a message its id and its `created_at` differ by less than this. */
const CLOCK_SLACK_MS = 300_000;
/** Above every message id. */
const TOP = "msg_~";

/** Ids of messages that a consumer holds at this moment. `?1` is the tenant, `?2` the time. */
const LEASED = `leased(id) AS MATERIALIZED (
  SELECT json_extract(r.value, '$[0]') FROM packs AS p, json_each(p.refs) AS r
  WHERE p.tenant_id = ?1 AND p.lease_until > ?2)`;

const GET = `WITH ${LEASED}
  SELECT ${MESSAGE_COLUMNS}, id IN (SELECT id FROM leased) AS leased
  FROM messages WHERE tenant_id = ?1 AND id = ?3 AND project_id = ?4`;

/** Casts what this table's writers put in (db/messages/plan.ts and its neighbours): our own JSON, our own words. */
export function toMessage(row: MessageRow): Message {
  return {
    tenantId: row.tenantId,
    id: row.id,
    projectId: row.projectId,
    mode: row.mode as Mode,
    status: row.status as Status,
    channel: row.channel as Channel,
    recipient: row.recipient,
    template: row.template,
    priority: row.priority as Priority,
    category: row.category,
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    order: row.order === null ? null : (JSON.parse(row.order) as Order),
    orderRef: row.orderRef,
    variables: row.variables === null ? null : (JSON.parse(row.variables) as Record<string, unknown>),
    deliveries: JSON.parse(row.deliveries) as Delivery[],
    log: JSON.parse(row.log) as MessageEvent[],
    createdAt: row.createdAt,
    dueAt: row.dueAt,
    expiresAt: row.expiresAt,
    updatedAt: row.updatedAt,
  };
}

/** `now` decides who is `processing`: the rows say `queued` until there is an outcome. */
export function messagesOf(db: D1Database, scope: ProjectScope, now: number) {
  const shown = (row: MessageRow & { leased: number }): Message => {
    const message = toMessage(row);
    return message.status === "queued" && row.leased === 1 ? { ...message, status: "processing" } : message;
  };
  return {
    async get(id: string): Promise<Message | null> {
      const row = await db.prepare(GET).bind(scope.tenantId, now, id, scope.projectId).first<MessageRow & { leased: number }>();
      return row && shown(row);
    },

    /** At most `limit` matching messages with an id below `before`, newest first. */
    async list(filter: MessageFilter, before: string | null, limit: number): Promise<Page<Message>> {
      const pages = await Promise.all(
        (filter.recipients ?? [null]).map(async (recipient): Promise<Page<Message>> => {
          const query = listQuery(filter, recipient);
          const bound = [scope.tenantId, now, minOf(before, upperId(filter)), lowerId(filter)];
          const { results } = await db
            .prepare(query.sql)
            .bind(...bound, scope.projectId, limit, ...query.params)
            .all<MessageRow & { leased: number }>();
          return scannedPage(results.map(shown), limit, () =>
            db
              .prepare(query.floorSql)
              .bind(...bound, ...(recipient === null ? [] : [recipient]))
              .first<{ id: string }>(),
          );
        }),
      );
      return mergePages(pages, limit);
    },

    /** What requests with many recipients asked for, by the id that `orderRef` names. */
    async orders(refs: readonly string[]): Promise<ReadonlyMap<string, Order>> {
      if (refs.length === 0) return new Map();
      const { results } = await db
        .prepare(
          "SELECT o.id AS id, o.order_json AS text FROM json_each(?2) AS r CROSS JOIN orders AS o WHERE o.tenant_id = ?1 AND o.id = r.value",
        )
        .bind(scope.tenantId, JSON.stringify([...new Set(refs)]))
        .all<{ id: string; text: string }>();
      return new Map(results.map((r) => [r.id, JSON.parse(r.text) as Order]));
    },
  };
}

function listQuery(filter: MessageFilter, recipient: string | null) {
  const params: (string | number)[] = [];
  const next = (value: string | number): string => `?${6 + params.push(value)}`;
  const source = recipient === null ? "messages" : "messages INDEXED BY messages_recipient";
  // The floor's query has four parameters before the recipient; the list has six.
  const range = (who: string) =>
    `tenant_id = ?1 AND ?2 >= 0${recipient === null ? "" : ` AND recipient = ${who}`} AND id < ?3 AND id > ?4 ORDER BY id DESC`;
  const scan = range(recipient === null ? "" : next(recipient));
  const where = ["projectId = ?5"];
  if (filter.mode) where.push(`mode = ${next(filter.mode)}`);
  if (filter.status === "processing") where.push("status = 'queued' AND id IN (SELECT id FROM leased)");
  else if (filter.status === "queued") where.push("status = 'queued' AND id NOT IN (SELECT id FROM leased)");
  else if (filter.status) where.push(`status = ${next(filter.status)}`);
  if (filter.channel) where.push(`channel = ${next(filter.channel)}`);
  if (filter.priority) where.push(`priority = ${next(filter.priority)}`);
  if (filter.template) {
    const name = next(filter.template);
    where.push(`(template = ${name} OR substr(template, 1, length(${name}) + 2) = ${name} || ':v')`);
  }
  if (filter.tag) where.push(`EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ${next(filter.tag)})`);
  if (filter.createdAfter !== undefined) where.push(`createdAt >= ${next(filter.createdAfter)}`);
  if (filter.createdBefore !== undefined) where.push(`createdAt < ${next(filter.createdBefore)}`);
  return {
    params,
    // The inner query is a co-routine over the clustered key: it stops as soon as the outer has its limit.
    sql: `WITH ${LEASED}
      SELECT *, id IN (SELECT id FROM leased) AS leased
      FROM (SELECT ${MESSAGE_COLUMNS} FROM ${source} WHERE ${scan} LIMIT ${SCAN_ROWS})
      WHERE ${where.join(" AND ")} LIMIT ?6`,
    floorSql: `SELECT id FROM ${source} WHERE ${range("?5")} LIMIT 1 OFFSET ${SCAN_ROWS - 1}`,
  };
}

function upperId(filter: MessageFilter): string {
  return filter.createdBefore === undefined ? TOP : `msg_${encode32(Math.max(0, filter.createdBefore) + CLOCK_SLACK_MS, 10)}~`;
}

function lowerId(filter: MessageFilter): string {
  return filter.createdAfter === undefined ? "" : `msg_${encode32(Math.max(0, filter.createdAfter - CLOCK_SLACK_MS), 10)}`;
}

function minOf(a: string | null, b: string): string {
  return a === null || b < a ? b : a;
}
