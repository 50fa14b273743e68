/** Putting dead letters back on their way: the one act that moves a failed message back to `queued`. */
import type { Channel, Lane, Priority } from "../../core/channels.ts";
import type { LetterScope } from "./dead-letters.ts";

export interface ReplayPack {
  readonly id: string;
  readonly channel: Channel;
  readonly lane: Lane;
  readonly letterIds: readonly string[];
}

/**
 * A letter may be replayed while it is open, and its message neither went out in another way, nor ended, nor
 * outlived its time. `?1` tenant, `?3` now, `?4` project or null; `d` the letter, `m` its message.
 */
const MAY = `d.state = 'open' AND (?4 IS NULL OR d.project_id = ?4)
  AND m.status IN ('failed', 'queued') AND (m.expires_at IS NULL OR m.expires_at > ?3)
  AND m.deliveries ->> ('$[' || d.delivery || '].phase') IN ('failed', 'unknown')`;

const LETTERS_AND_MESSAGES = `CROSS JOIN dead_letters AS d ON d.tenant_id = ?1 AND d.id = i.value
  CROSS JOIN messages AS m ON m.tenant_id = ?1 AND m.id = d.message_id`;

export function replayOf(db: D1Database, scope: LetterScope) {
  return {
    /** Priorities of messages by id: they decide the lane. */
    async priorities(messageIds: readonly string[]): Promise<ReadonlyMap<string, Priority>> {
      const { results } = await db
        .prepare(
          `SELECT m.id AS id, m.priority AS priority FROM json_each(?2) AS i
           CROSS JOIN messages AS m ON m.tenant_id = ?1 AND m.id = i.value`,
        )
        .bind(scope.tenantId, JSON.stringify([...new Set(messageIds)]))
        // Written from a Submission, whose priority is one.
        .all<{ id: string; priority: Priority }>();
      return new Map(results.map((r) => [r.id, r.priority]));
    },

    /**
     * To be committed as they come, in one batch. The first answers the ids of the packs that it made, the
     * second the ids of the letters that it resolved. A message stands at most once in `packs`. Whoever
     * comes second with the same letters makes nothing and changes nothing.
     */
    statements(packs: readonly ReplayPack[], now: number): D1PreparedStatement[] {
      const ids = JSON.stringify(packs.flatMap((p) => p.letterIds));
      const cells = JSON.stringify(packs.map((p) => [p.id, p.channel, p.lane, p.letterIds]));
      return [
        db
          .prepare(
            `INSERT INTO packs (tenant_id, id, channel, lane, refs, due_at, rung_at)
             SELECT ?1, id, channel, lane, refs, ?3, ?3 FROM (
               SELECT p.value ->> 0 AS id, p.value ->> 1 AS channel, p.value ->> 2 AS lane,
                 (SELECT json_group_array(json_array(d.message_id, d.delivery))
                  FROM json_each(p.value, '$[3]') AS i ${LETTERS_AND_MESSAGES} WHERE ${MAY}) AS refs
               FROM json_each(?2) AS p)
             WHERE refs <> '[]' RETURNING id`,
          )
          .bind(scope.tenantId, cells, now, scope.projectId),
        db
          .prepare(
            `UPDATE dead_letters SET state = 'replayed', resolved_at = ?3
             WHERE tenant_id = ?1 AND id IN (SELECT d.id FROM json_each(?2) AS i ${LETTERS_AND_MESSAGES} WHERE ${MAY})
             RETURNING id`,
          )
          .bind(scope.tenantId, ids, now, scope.projectId),
        db
          .prepare(
            `UPDATE messages SET status = 'queued', updated_at = ?3,
               deliveries = json_remove(
                 json_set(deliveries, '$[' || j.n || '].phase', 'waiting', '$[' || j.n || '].due_at', CAST(?3 AS INTEGER)),
                 '$[' || j.n || '].crashes', '$[' || j.n || '].waiting_for'),
               log = json_insert(log, '$[#]', json_object('type', 'queued', 'at', CAST(?3 AS INTEGER),
                 'key', 'replay:' || j.letter || ':' || CAST(?3 AS INTEGER),
                 'delivery', j.n, 'reason', 'Replayed from its dead letter.'))
             FROM (SELECT d.id AS letter, d.message_id AS id, d.delivery AS n FROM json_each(?2) AS i
               CROSS JOIN dead_letters AS d ON d.tenant_id = ?1 AND d.id = i.value
               WHERE d.state = 'replayed' AND d.resolved_at = ?3) AS j
             WHERE messages.tenant_id = ?1 AND messages.id = j.id AND messages.status IN ('failed', 'queued')
               AND messages.deliveries ->> ('$[' || j.n || '].phase') IN ('failed', 'unknown')`,
          )
          .bind(scope.tenantId, ids, now),
      ];
    },
  };
}
