/**
 * Refuses the least urgent while too much of the tenant is due, and tells the tenant when that begins and when it is
 * over: once an episode and lane, also where the gate starts anew meanwhile.
 */
import { type Lane, laneOf, type Priority } from "../../src/shared/core/channels.ts";
import type { NoticeType } from "../../src/shared/core/notice.ts";
import { isRecovered, leastUrgent, retryAfterMs, SOON_MS, shedAbove } from "../../src/shared/core/shedding.ts";
import type { AcceptItem, AcceptResult } from "../../src/shared/ports/gate.ts";
import type { Planner } from "../../src/shared/ports/planner.ts";
import type { Backlog } from "./backlog.ts";

interface Episode {
  readonly lane: Lane;
  /** Due messages above which the lane is refused. */
  readonly above: number;
  readonly beganAt: number;
  readonly wasTold: boolean;
}

export class Shedder {
  readonly #place: { readonly tenantId: string; readonly gateShard: number };
  readonly #sql: SqlStorage;
  readonly #backlog: Backlog;
  readonly #planner: Pick<Planner, "notice">;
  #episodes = new Map<Lane, Episode>();
  #isTelling = false;

  constructor(
    place: { readonly tenantId: string; readonly gateShard: number },
    with_: { readonly sql: SqlStorage; readonly backlog: Backlog; readonly planner: Pick<Planner, "notice"> },
  ) {
    this.#place = place;
    this.#sql = with_.sql;
    this.#backlog = with_.backlog;
    this.#planner = with_.planner;
    this.reload();
  }

  /** Reads its rows: at the start, and after a transaction that was rolled back. */
  reload(): void {
    const rows = this.#sql
      .exec<{ lane: string; above: number; began_at: number; was_told: number }>(
        "SELECT lane, above, began_at, was_told FROM sheddings",
      )
      .toArray();
    this.#episodes = new Map(
      // #keep wrote the lane.
      rows.map((row) => [
        row.lane as Lane,
        { lane: row.lane as Lane, above: row.above, beganAt: row.began_at, wasTold: row.was_told === 1 },
      ]),
    );
  }

  /**
   * Whether these items are refused, as one. `limit`: the gate's share of `backlogMessages`; undefined from an api
   * Worker of an older release, which knows no refusal. `granted`: due messages that this commit has taken so far.
   */
  refuse(items: readonly AcceptItem[], limit: number | undefined, granted: number, now: number): AcceptResult | null {
    if (limit === undefined) return null;
    const priority = leastUrgent(items.filter((item) => item.dueAt <= now + SOON_MS).flatMap((item) => item.priority ?? []));
    if (priority === null) return null;
    const above = shedAbove(priority, limit);
    const backlog = this.#backlog.total(now) + granted;
    if (backlog <= above) return null;
    this.#begin(priority, above, now);
    return { kind: "backlog_full", priority, retryAfterMs: retryAfterMs(backlog, above, this.#backlog.perSecond(now)) };
  }

  /** Whether there is something to tell. */
  owes(now: number): boolean {
    if (this.#episodes.size === 0) return false;
    const backlog = this.#backlog.total(now);
    return [...this.#episodes.values()].some((e) => !e.wasTold || isRecovered(backlog, e.above));
  }

  /** Tells what is owed; what cannot be told now is owed still. */
  async tell(now: number): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (const episode of [...this.#episodes.values()]) {
        if (!episode.wasTold) {
          await this.#notice("backlog.shedding", episode, now);
          this.#keep({ ...episode, wasTold: true });
        }
        if (isRecovered(this.#backlog.total(now), episode.above)) {
          await this.#notice("backlog.recovered", episode, now);
          this.#episodes.delete(episode.lane);
          this.#sql.exec("DELETE FROM sheddings WHERE lane = ?", episode.lane);
        }
      }
    } catch (error) {
      console.warn(
        JSON.stringify({ level: "warn", event: "notice_failed", tenant_id: this.#place.tenantId, error: String(error) }),
      );
    } finally {
      this.#isTelling = false;
    }
  }

  #begin(priority: Priority, above: number, now: number): void {
    const lane = laneOf(priority);
    if (!this.#episodes.has(lane)) this.#keep({ lane, above, beganAt: now, wasTold: false });
  }

  #keep(episode: Episode): void {
    this.#episodes.set(episode.lane, episode);
    this.#sql.exec(
      `INSERT INTO sheddings VALUES (?, ?, ?, ?)
       ON CONFLICT (lane) DO UPDATE SET above = excluded.above, began_at = excluded.began_at, was_told = excluded.was_told`,
      episode.lane,
      episode.above,
      episode.beganAt,
      episode.wasTold ? 1 : 0,
    );
  }

  #notice(type: NoticeType, { lane, above, beganAt }: Episode, now: number): Promise<void> {
    const { tenantId, gateShard } = this.#place;
    return this.#planner.notice({
      tenantId,
      projectId: null,
      type,
      subject: lane,
      details: {
        refused_above: above,
        waiting: this.#backlog.byLane(now),
        since: new Date(beganAt).toISOString(),
        gate_shard: gateShard,
      },
      at: now,
    });
  }
}
