/**
 * TenantGate: one per tenant and gate shard, named `ten_…#0`. A shell: what it decides is in accept.ts
 * and core/admission.ts, what it keeps in outbox.ts, receipts.ts and lines.ts.
 */
import { DurableObject } from "cloudflare:workers";
import type { KeyCounts } from "../../src/shared/core/abuse.ts";
import { EMPTY_METER } from "../../src/shared/core/admission.ts";
import { LANES } from "../../src/shared/core/channels.ts";
import type { Submission } from "../../src/shared/core/message.ts";
import { hash32, parseGateName } from "../../src/shared/core/placement.ts";
import type {
  AcceptRequest,
  AcceptResult,
  Gate,
  GateStats,
  HeldPage,
  HeldResult,
  KeyFailure,
  KeyStanding,
} from "../../src/shared/ports/gate.ts";
import type { Planner } from "../../src/shared/ports/planner.ts";
import { chaosOf } from "../../src/shared/runtime/chaos.ts";
import { ledgerOf } from "../../src/shared/runtime/ledger.ts";
import { timingOf } from "../../src/shared/runtime/timing.ts";
import { acceptAll, type GateState } from "./accept.ts";
import { Flush } from "./flush.ts";
import { KeyWatch } from "./key-watch.ts";
import { Lines } from "./lines.ts";
import { Outbox } from "./outbox.ts";
import { Receipts } from "./receipts.ts";
import { migrate } from "./schema.ts";
import { Shedder } from "./shedder.ts";

/** A due row waits for the flush that its accept started; the alarm stands behind it in case that died. */
const RESCUE_MS = 5_000;
const TOUCH_EVERY_MS = 60_000;
/** An alarm that waited for a long backlog would keep the next one, and its sweep, from ringing. */
const ALARM_WAITS_MS = 10_000;

export class TenantGate extends DurableObject implements Gate {
  readonly #tenantId: string;
  readonly #gateShard: number;
  readonly #outbox: Outbox;
  readonly #receipts: Receipts;
  readonly #lines: Lines;
  readonly #flush: Flush;
  readonly #shedder: Shedder;
  readonly #revoked: Set<string>;
  readonly #keys: KeyWatch;
  readonly #state: GateState;
  readonly #offset: number;
  #alarmAt: number | null = null;
  #lastUsed = new Map<string, number>();
  #touchedAt = 0;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as never);
    ledgerOf(this.env)?.object(ctx);
    chaosOf(this.env)?.object(ctx);
    const { tenantId, gateShard } = parseGateName(ctx.id.name ?? "");
    this.#tenantId = tenantId;
    this.#gateShard = gateShard;
    this.#offset = hash32(ctx.id.name ?? "");
    const { sql } = ctx.storage;
    migrate(ctx.storage);
    this.#outbox = new Outbox(sql);
    this.#receipts = new Receipts(sql);
    this.#lines = new Lines(sql);
    this.#revoked = new Set(
      sql
        .exec<{ key_id: string }>("SELECT key_id FROM revoked")
        .toArray()
        .map((r) => r.key_id),
    );
    const saved = sql.exec<{ state: string }>("SELECT state FROM meter WHERE id = 1").toArray()[0];
    this.#state = saved ? (JSON.parse(saved.state) as GateState) : { meter: EMPTY_METER, mint: { at: 0, sequence: 0 } };
    const planner = (ctx.exports as unknown as { Planner: (options: object) => Planner }).Planner({});
    this.#keys = new KeyWatch(tenantId, sql, planner, Date.now());
    this.#flush = new Flush(tenantId, this.#outbox, planner, timingOf(this.env));
    this.#shedder = new Shedder({ tenantId, gateShard }, { sql, backlog: this.#outbox.backlog, planner });
    ctx.blockConcurrencyWhile(async () => {
      this.#alarmAt = await ctx.storage.getAlarm();
    });
  }

  async accept(requests: readonly AcceptRequest[]): Promise<AcceptResult[]> {
    const now = Date.now();
    // One transaction: a throw half way (a full disk, a bug) leaves nothing behind, in memory or on disk.
    const before = structuredClone(this.#state);
    let results: AcceptResult[];
    try {
      results = this.ctx.storage.transactionSync(() => {
        const done = acceptAll(requests, {
          state: this.#state,
          receipts: this.#receipts,
          outbox: this.#outbox,
          shedder: this.#shedder,
          lines: this.#lines,
          revoked: this.#revoked,
          suspended: this.#keys.suspended,
          gateShard: this.#gateShard,
          // By the second: what is accepted together lies in one database, and its packs are full.
          turn: this.#offset + Math.floor(now / 1000),
          now,
          random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
        });
        if (done.some((r) => r.kind === "accepted" && !r.replayed)) this.#saveMeter();
        return done;
      });
    } catch (error) {
      Object.assign(this.#state, before);
      this.#receipts.reload();
      this.#outbox.backlog.reload();
      this.#shedder.reload();
      this.#lines.reload();
      throw error;
    }
    for (const request of requests) this.#lastUsed.set(request.keyId, now);
    this.ctx.waitUntil(this.#keys.count(requests, results, now));
    this.#wake(now);
    if (this.#shedder.owes(now)) {
      this.#armBy(now + RESCUE_MS);
      this.ctx.waitUntil(this.#shedder.tell(now));
    }
    return results;
  }

  async find(messageId: string): Promise<Submission | null> {
    return this.#outbox.locate(messageId)?.one ?? null;
  }

  async held(query: { projectId: string; before: string | null; limit: number }): Promise<HeldPage> {
    return this.#outbox.list(query.projectId, query.before, query.limit);
  }

  async cancel(messageId: string): Promise<HeldResult> {
    return this.#change(messageId, (one, now) => ({ ...one, cancelled_at: now }));
  }

  async reschedule(messageId: string, dueAt: number): Promise<HeldResult> {
    return this.#change(messageId, (one) => ({
      ...one,
      due_at: dueAt,
      // What was asked for is a time to live after the due time: it moves along.
      expires_at: one.expires_at === null ? null : one.expires_at + dueAt - one.due_at,
    }));
  }

  async standings(keyIds: readonly string[]): Promise<KeyStanding[]> {
    return keyIds.map((id) => (this.#revoked.has(id) ? "revoked" : this.#keys.suspended.has(id) ? "suspended" : "good"));
  }

  async revoke(keyId: string): Promise<void> {
    this.#revoked.add(keyId);
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO revoked VALUES (?, ?)", keyId, Date.now());
  }

  async suspend(keyId: string, at: number): Promise<void> {
    this.#keys.set(keyId, true, at);
  }

  async resume(keyId: string, at: number): Promise<void> {
    this.#keys.set(keyId, false, at);
  }

  async noteFailures(failures: readonly KeyFailure[]): Promise<void> {
    this.ctx.waitUntil(this.#keys.fail(failures, Date.now()));
  }

  async countsOf(keyId: string): Promise<KeyCounts> {
    return this.#keys.countsOf(keyId);
  }

  async watch(): Promise<void> {
    this.#flush.expectWork();
    this.#armBy(Date.now() + this.#flush.sweepEveryMs);
  }

  async stats(): Promise<GateStats> {
    const now = Date.now();
    return {
      ...this.#outbox.count(now),
      oldestDueAt: this.#outbox.nextDueAt(LANES.length),
      backlog: this.#outbox.backlog.byLane(now),
    };
  }

  override async alarm(): Promise<void> {
    ledgerOf(this.env)?.add("object_requests");
    this.#alarmAt = null;
    const now = Date.now();
    try {
      this.#receipts.forget(now);
      this.#lines.forget(now);
      const run = this.#flush.run();
      this.ctx.waitUntil(run);
      await Promise.all([atMost(ALARM_WAITS_MS, run), this.#flush.sweep(now), this.#touchKeys(now), this.#shedder.tell(now)]);
    } catch (error) {
      // The platform retries a failed alarm six times and then forgets it; we never let it come to that.
      console.error(
        JSON.stringify({ level: "error", event: "gate_alarm_failed", tenant_id: this.#tenantId, error: String(error) }),
      );
      this.#armBy(Date.now() + RESCUE_MS);
    }
    this.#rearm(Date.now());
  }

  /** Flushes at once, with an alarm behind it in case this process dies first. */
  #wake(now: number): void {
    const next = this.#outbox.nextDueAt(LANES.length);
    if (next === null) return;
    this.#armBy(Math.max(next, now + RESCUE_MS));
    if (next <= now) this.ctx.waitUntil(this.#flush.run().then(() => this.#rearm(Date.now())));
  }

  #rearm(now: number): void {
    const next = this.#outbox.nextDueAt(LANES.length);
    if (next !== null) this.#armBy(Math.max(next, now + (next <= now ? RESCUE_MS : 0)));
    const sweepAt = this.#flush.nextSweepAt();
    if (sweepAt !== null) this.#armBy(Math.max(sweepAt, now + 1000));
    if (this.#shedder.owes(now)) this.#armBy(now + RESCUE_MS);
  }

  /** Moves the alarm earlier if need be; never later, so no wake-up is lost. */
  #armBy(at: number): void {
    if (this.#alarmAt !== null && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    this.ctx.storage.setAlarm(at);
  }

  async #change(messageId: string, edit: (one: Submission, now: number) => Submission): Promise<HeldResult> {
    await this.#flush.settled(() => this.#outbox.locate(messageId)?.row.first);
    const now = Date.now();
    const found = this.#outbox.locate(messageId);
    if (!found || found.one.cancelled_at !== undefined) return { kind: "gone" };
    const changed = edit(found.one, now);
    try {
      this.ctx.storage.transactionSync(() => this.#outbox.move(found, messageId, changed));
    } catch (error) {
      this.#outbox.backlog.reload();
      throw error;
    }
    this.#wake(now);
    return { kind: "done", submission: changed };
  }

  #saveMeter(): void {
    this.ctx.storage.sql.exec(
      "INSERT INTO meter VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
      JSON.stringify(this.#state),
    );
  }

  /** `last_used_at` costs a row a minute and key, not one a request. */
  async #touchKeys(now: number): Promise<void> {
    if (this.#lastUsed.size === 0 || now - this.#touchedAt < TOUCH_EVERY_MS) return;
    this.#touchedAt = now;
    const used = Object.fromEntries(this.#lastUsed);
    this.#lastUsed = new Map();
    await this.#flush.planner.touchKeys(this.#tenantId, used);
  }
}

/** Waits for the work, but no longer than that; the work goes on. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const longEnough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([work, longEnough]);
  } finally {
    clearTimeout(timer);
  }
}
