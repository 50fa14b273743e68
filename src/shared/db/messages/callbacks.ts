/** Rows of callbacks: written in one batch with the events that they tell of, so that no event is lost between the two. */
import type { TenantScope } from "../scope.ts";
import { LOG_LIMIT } from "./fold.ts";

/** An event that somebody may want to hear of. */
export interface ToldRow {
  readonly messageId: string;
  /** `evt_…`. */
  readonly id: string;
  readonly type: string;
  /** JSON: what is kept of it. */
  readonly event: string;
  /** The part of a message's log that says the event is known (db/messages/fold.ts). */
  readonly mark: string;
}

/** The event of a message that has no row yet. */
export interface NewToldRow extends ToldRow {
  readonly projectId: string;
  readonly callbackUrl: string | null;
}

/** The event of no message. */
export interface OtherToldRow extends Omit<ToldRow, "messageId" | "mark"> {
  readonly endpointId: string;
  readonly projectId: string;
}

export interface ListenerCells {
  readonly endpointId: string;
  readonly projectId: string;
  readonly types: readonly string[];
  /** `failed` where the endpoint is disabled: kept for `recover`, and not posted. */
  readonly state: "pending" | "failed";
}

interface Places {
  /** New for each commit; ids of the packs begin with it. */
  readonly batch: string;
  readonly now: number;
}

/** Callbacks in a pack. */
export const CALLBACKS_A_PACK = 50;

const EVENTS = `e AS MATERIALIZED (
  SELECT value ->> 0 AS message_id, value ->> 1 AS id, value ->> 2 AS type, value ->> 3 AS event, value ->> 4 AS mark,
    value ->> 5 AS project_id, value ->> 6 AS callback_url
  FROM json_each(?2))`;
const LISTENERS = `l AS MATERIALIZED (
  SELECT value ->> 0 AS endpoint_id, value ->> 1 AS project_id, value -> 2 AS types, value ->> 3 AS state FROM json_each(?3))`;
/** Events of messages that are there and whose log does not have them. CROSS JOIN: from the events to the rows. */
const APPENDED = `t AS MATERIALIZED (
  SELECT e.message_id, e.id, e.type, e.event, m.project_id, m.callback_url
  FROM e CROSS JOIN messages m ON m.tenant_id = ?1 AND m.id = e.message_id
  WHERE instr(m.log, e.mark) = 0 AND (?4 IS NULL OR json_array_length(m.log) < ?4))`;
/** Events that a log has by now, as they stand. */
const WRITTEN = `t AS MATERIALIZED (
  SELECT e.message_id, e.id, e.type, e.event, m.project_id, m.callback_url
  FROM e CROSS JOIN messages m ON m.tenant_id = ?1 AND m.id = e.message_id
  WHERE instr(m.log, e.event) > 0)`;
/** Events of messages that are not there. */
const FRESH = `t AS MATERIALIZED (
  SELECT message_id, id, type, event, project_id, callback_url FROM e
  WHERE NOT EXISTS (SELECT 1 FROM messages x WHERE x.tenant_id = ?1 AND x.id = e.message_id))`;
const WANTED = `w AS MATERIALIZED (
  SELECT l.endpoint_id, t.id, t.project_id, t.type, t.message_id, NULL AS url, t.event, l.state
  FROM t JOIN l ON l.project_id = t.project_id AND EXISTS (SELECT 1 FROM json_each(l.types) x WHERE x.value = t.type)
  UNION ALL
  SELECT t.project_id, t.id, t.project_id, t.type, t.message_id, t.callback_url, t.event, 'pending'
  FROM t WHERE t.callback_url IS NOT NULL)`;

const PACKS = `INSERT INTO callback_packs (tenant_id, id, endpoint_id, refs, due_at, rung_at)
  SELECT ?1, ?5 || '-' || endpoint_id || '-' || part, endpoint_id, json_group_array(id), ?6, ?6
  FROM (SELECT endpoint_id, id, (ROW_NUMBER() OVER (PARTITION BY endpoint_id ORDER BY id) - 1) / ${CALLBACKS_A_PACK} AS part
        FROM w WHERE state = 'pending')
  GROUP BY endpoint_id, part
  RETURNING id`;
const ROWS = `INSERT INTO callbacks (tenant_id, endpoint_id, id, project_id, type, message_id, url, event, state, reason, next_at, updated_at)
  SELECT ?1, endpoint_id, id, project_id, type, message_id, url, event, state,
    CASE state WHEN 'failed' THEN 'endpoint_disabled' END, CASE state WHEN 'pending' THEN ?6 END, ?6
  FROM w WHERE true
  ON CONFLICT DO NOTHING`;

export function callbacksOf(db: D1Database, scope: TenantScope) {
  const both = (
    source: string,
    cells: string,
    listeners: readonly ListenerCells[],
    limit: number | null,
    { batch, now }: Places,
  ) => {
    const cellsOfListeners = JSON.stringify(listeners.map((l) => [l.endpointId, l.projectId, l.types, l.state]));
    const head = `WITH ${EVENTS}, ${LISTENERS}, ${source}, ${WANTED}`;
    return [PACKS, ROWS].map((insert) =>
      db.prepare(`${head} ${insert}`).bind(scope.tenantId, cells, cellsOfListeners, limit, batch, now),
    );
  };
  return {
    /**
     * Two statements, to stand in one batch BEFORE the one that appends the events to the logs: they make nothing of what
     * a log has, so a batch that runs twice tells once. The first answers the ids of the packs that it made.
     * `isLimited`: a full log takes no more of them, as with signals.
     */
    ofEvents(
      rows: readonly ToldRow[],
      listeners: readonly ListenerCells[],
      { isLimited, ...places }: Places & { readonly isLimited: boolean },
    ): D1PreparedStatement[] {
      return both(APPENDED, cellsOf(rows), listeners, isLimited ? LOG_LIMIT : null, places);
    },
    /** Of events whose own statement may come to nothing, to stand BEHIND it: tells of what the log then holds, word for word. */
    ofWritten(rows: readonly ToldRow[], listeners: readonly ListenerCells[], places: Places): D1PreparedStatement[] {
      return both(WRITTEN, cellsOf(rows), listeners, null, places);
    },
    /** Of new messages, to stand before the statement that inserts them. */
    ofNewMessages(rows: readonly NewToldRow[], listeners: readonly ListenerCells[], places: Places): D1PreparedStatement[] {
      const cells = JSON.stringify(rows.map((r) => [r.messageId, r.id, r.type, r.event, r.mark, r.projectId, r.callbackUrl]));
      return both(FRESH, cells, listeners, null, places);
    },
    /** Events of no message, each for one endpoint. A row that is there stays; the first answers the ids of the packs that it made. */
    ofOthers(rows: readonly OtherToldRow[], { batch, now }: Places): D1PreparedStatement[] {
      const cells = JSON.stringify(rows.map((r) => [r.endpointId, r.id, r.type, r.event, r.projectId]));
      const head = `WITH w AS MATERIALIZED (
        SELECT value ->> 0 AS endpoint_id, value ->> 1 AS id, value ->> 4 AS project_id, value ->> 2 AS type, NULL AS message_id,
          NULL AS url, value ->> 3 AS event, 'pending' AS state
        FROM json_each(?2) n
        WHERE NOT EXISTS (
          SELECT 1 FROM callbacks c WHERE c.tenant_id = ?1 AND c.endpoint_id = n.value ->> 0 AND c.id = n.value ->> 1))`;
      return [PACKS, ROWS].map((insert) => db.prepare(`${head} ${insert}`).bind(scope.tenantId, cells, null, null, batch, now));
    },
  };
}

function cellsOf(rows: readonly ToldRow[]): string {
  return JSON.stringify(rows.map((r) => [r.messageId, r.id, r.type, r.event, r.mark]));
}
