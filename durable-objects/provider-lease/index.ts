/**
 * ProviderLease: one for each place that limits sending, named as Place.name: `connection/con_…`, `tenant/ten_…/email`,
 * `global/email`, `cap/rtp_…/con_…`. A shell around core/lease.ts.
 *
 * What it knows is in memory, and of that one number is kept: a time by which the bucket is surely full, some seconds
 * later than it is, so that a row is written every few seconds under load and not with each question. After an eviction
 * the bucket is therefore never fuller than it was: at worst empty, which is a second of waiting.
 * Windows are kept with every grant, since what is forgotten of a day is gone for the day.
 * Who holds what is not kept. The object stays awake while a lease is out, so only a crash or a deployment forgets it:
 * then the calls that are under way stand beside as many new ones, until they are answered.
 */
import { DurableObject } from "cloudflare:workers";
import { type Ask, FRESH_LEASES, giveBack, heldUntil, type LeaseState, take } from "../../src/shared/core/lease.ts";
import type { PlaceLimits } from "../../src/shared/core/outbound.ts";
import { NO_COUNTS, type WindowCounts } from "../../src/shared/core/window-count.ts";
import type { LeaseAnswer, LeasePlace } from "../../src/shared/ports/lessor.ts";
import { ledgerOf } from "../../src/shared/runtime/ledger.ts";

/** How far ahead of the truth the time is that is kept. */
const AHEAD_MS = 5_000;

export class ProviderLease extends DurableObject implements LeasePlace {
  #state: LeaseState;
  #savedFullAt: number;
  #awake: ReturnType<typeof setTimeout> | null = null;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as never);
    ledgerOf(this.env)?.object(ctx);
    const { sql } = ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS bucket (id INTEGER PRIMARY KEY, full_at INTEGER NOT NULL)");
    sql.exec("CREATE TABLE IF NOT EXISTS windows (id INTEGER PRIMARY KEY, counts TEXT NOT NULL)");
    this.#savedFullAt = sql.exec<{ full_at: number }>("SELECT full_at FROM bucket WHERE id = 1").toArray()[0]?.full_at ?? 0;
    const counts = sql.exec<{ counts: string }>("SELECT counts FROM windows WHERE id = 1").toArray()[0]?.counts;
    this.#state = {
      ...FRESH_LEASES,
      fullAt: this.#savedFullAt,
      // #keepWindows wrote it.
      counts: counts === undefined ? NO_COUNTS : { ...NO_COUNTS, counts: JSON.parse(counts) as WindowCounts["counts"] },
    };
  }

  async take(limits: PlaceLimits, want: number, stays: boolean): Promise<LeaseAnswer> {
    const ask: Ask = { lease: crypto.randomUUID(), want, stays };
    const { state, granted, retryAfterMs } = take(this.#state, limits, ask, Date.now());
    this.#state = state;
    // Before the answer goes out: the platform holds it back until the row is safe.
    this.#keep();
    if (granted > 0) this.#keepWindows();
    this.#stayAwake();
    return { lease: ask.lease, granted, retryAfterMs };
  }

  async giveBack(limits: PlaceLimits, lease: string, unused: number, kept: number): Promise<void> {
    this.#state = giveBack(this.#state, limits, { lease, unused, kept }, Date.now());
    if (unused > 0) this.#keepWindows();
    this.#stayAwake();
  }

  #keep(): void {
    if (this.#state.fullAt <= this.#savedFullAt) return;
    this.#savedFullAt = Math.ceil(this.#state.fullAt) + AHEAD_MS;
    this.ctx.storage.sql.exec(
      "INSERT INTO bucket VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET full_at = excluded.full_at",
      this.#savedFullAt,
    );
  }

  #keepWindows(): void {
    const { counts } = this.#state.counts;
    if (counts.length === 0) return;
    this.ctx.storage.sql.exec(
      "INSERT INTO windows VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET counts = excluded.counts",
      JSON.stringify(counts),
    );
  }

  /** An object with a timer is not put to sleep (Cloudflare's "Durable Object lifecycle"). */
  #stayAwake(): void {
    if (this.#awake !== null) clearTimeout(this.#awake);
    const until = heldUntil(this.#state);
    this.#awake = until === null ? null : setTimeout(() => undefined, Math.max(0, until - Date.now()));
  }
}
