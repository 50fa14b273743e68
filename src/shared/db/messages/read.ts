/** Reads of messages. One shard's database each; a message id names its shard. */
import { getTableColumns } from "drizzle-orm";
import type { Channel, Priority } from "../../core/channels.ts";
import { encode32 } from "../../core/ids.ts";
import type { Delivery, Message, MessageEvent, Mode, Order } from "../../core/message.ts";
import type { MessageFilter } from "../../core/message-filter.ts";
import type { Status } from "../../core/status.ts";
import type { ProjectScope } from "../scope.ts";
import { messages } from "./schema.ts";

export type MessageRow = typeof messages.$inferSelect;

/** Every column of a message under its name in the schema, for `SELECT` lists: what `toMessage` takes. */
export const MESSAGE_COLUMNS = Object.entries(getTableColumns(messages))
  .map(([name, column]) => `"${column.name}" AS "${name}"`)
  .join(", ");

/** Rows that one page looks at per database before it answers with what it has. */
const SCAN_ROWS = 20_000;
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

export interface MessagePage {
  /** Newest first. */
  readonly messages: readonly Message[];
  /** Every matching message above this id is in the page; null where the page reaches the oldest. */
  readonly floor: string | null;
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
    async list(filter: MessageFilter, before: string | null, limit: number): Promise<MessagePage> {
      const pages = await Promise.all(
        (filter.recipients ?? [null]).map(async (recipient): Promise<MessagePage> => {
          const query = listQuery(filter, recipient);
          const bound = [scope.tenantId, now, minOf(before, upperId(filter)), lowerId(filter)];
          const { results } = await db
            .prepare(query.sql)
            .bind(...bound, scope.projectId, limit, ...query.params)
            .all<MessageRow & { leased: number }>();
          const found = results.map(shown);
          if (found.length === limit) return { messages: found, floor: found[limit - 1]?.id ?? null };
          const reached = await db
            .prepare(query.floorSql)
            .bind(...bound, ...(recipient === null ? [] : [recipient]))
            .first<{ id: string }>();
          // Rows may have come in since the first query: the floor is never above what was shown.
          return { messages: found, floor: reached && minOf(reached.id, found[found.length - 1]?.id ?? null) };
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

/**
 * Pages of the same query over several sources as one page, newest first, each id once (the first source
 * that has it wins). Exact down to its floor: what lies below the highest floor is left for the next page.
 */
export function mergePages(pages: readonly MessagePage[], limit: number): MessagePage {
  const floors = pages.flatMap((p) => (p.floor === null ? [] : [p.floor]));
  const floor = floors.reduce<string | null>((max, f) => (max === null || f > max ? f : max), null);
  const byId = new Map<string, Message>();
  for (const page of pages) for (const m of page.messages) if (!byId.has(m.id)) byId.set(m.id, m);
  const inReach = [...byId.values()].filter((m) => floor === null || m.id >= floor).sort((a, b) => (a.id < b.id ? 1 : -1));
  if (inReach.length <= limit) return { messages: inReach, floor };
  const shown = inReach.slice(0, limit);
  return { messages: shown, floor: shown[limit - 1]?.id ?? null };
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

function minOf(a: string | null, b: string): string;
function minOf(a: string, b: string | null): string;
function minOf(a: string | null, b: string | null): string | null {
  if (a === null) return b;
  return b === null || a < b ? a : b;
}
