/** Status and log as SQL: statuses move only forward, the log only grows. */
import { STATUS_RANK } from "../../core/status.ts";

const RANKS = Object.entries(STATUS_RANK)
  .map(([status, rank]) => `WHEN '${status}' THEN ${rank}`)
  .join(" ");

/** The rank of a status expression; -1 for none. */
export function rankSql(expression: string): string {
  return `(CASE ${expression} ${RANKS} ELSE -1 END)`;
}

/** The later of the row's status and `next`. */
export function forwardSql(next: string): string {
  return `CASE WHEN ${rankSql(next)} > ${rankSql("messages.status")} THEN ${next} ELSE messages.status END`;
}

/** A message's log never grows beyond this many events: a robot that opens a mail for ever must not fill a row. */
export const LOG_LIMIT = 200;

/**
 * The row's log with `added` (a JSON array) behind it, unless it has the first of them already: for events that
 * only their holder writes, all at once. `mark` is that event's `"key":"…"` as JSON text. A search in the text
 * is a tenth of the price of taking the log apart.
 */
export function appendOnceSql(added: string, mark: string): string {
  return `CASE WHEN instr(messages.log, ${mark}) > 0 THEN messages.log
     WHEN messages.log = '[]' THEN ${added}
     ELSE substr(messages.log, 1, length(messages.log) - 1) || ',' || substr(${added}, 2) END`;
}

/** What `appendOnceSql` looks for. */
export function markOf(key: string): string {
  return `"key":${JSON.stringify(key)}`;
}

/** The row's log with the events of `added` (a JSON array) whose `key` it does not have yet. */
export function appendSql(added: string): string {
  return `(SELECT json_group_array(json(value)) FROM (
     SELECT value FROM json_each(messages.log)
     UNION ALL
     SELECT a.value FROM json_each(${added}) a
     WHERE json_array_length(messages.log) < ${LOG_LIMIT}
       AND NOT EXISTS (SELECT 1 FROM json_each(messages.log) l WHERE l.value ->> 'key' = a.value ->> 'key')))`;
}
