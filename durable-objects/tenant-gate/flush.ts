/**
 * Moves due outbox rows to the planner: each lane has calls of its own in flight, so that no lane waits
 * for another. Idempotent: a row leaves the outbox only after the planner has it, and the planner ignores
 * what it has seen.
 */
import { LANES } from "../../src/shared/core/channels.ts";
import type { Timing } from "../../src/shared/core/timing.ts";
import type { Planner } from "../../src/shared/ports/planner.ts";
import { Brake, type Timer } from "./brake.ts";
import type { Outbox, OutboxRow } from "./outbox.ts";

/** Messages in one call of the planner. */
const PLAN_MESSAGES = 500;
/** Planner calls under way, by lane. */
const IN_FLIGHT: readonly number[] = [2, 1, 1];
/**
 * Shortest time from one call to the next of the same lane, milliseconds. A message that comes alone goes at
 * once; under load, those that come meanwhile fill the next call, and with it packs, bells and statements.
 */
const PACE_MS: readonly number[] = [5, 50, 200];

export class Flush {
  readonly sweepEveryMs: number;
  readonly planner: Planner;
  readonly #tenantId: string;
  readonly #outbox: Outbox;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #active = LANES.map(() => 0);
  readonly #brake: Brake;
  /** Grows with every plan, so that a sweep notices what was planned while it looked. */
  #plans = 0;
  #sweepDueAt: number | null = null;
  /** A new process cannot know whether packs are open: its first alarm looks. */
  #mustLook = true;

  constructor(
    tenantId: string,
    outbox: Outbox,
    planner: Planner,
    { sweepEveryMs, timer = (work, ms) => setTimeout(work, ms) }: Pick<Timing, "sweepEveryMs"> & { readonly timer?: Timer },
  ) {
    this.sweepEveryMs = sweepEveryMs;
    this.#tenantId = tenantId;
    this.#outbox = outbox;
    this.planner = planner;
    this.#brake = new Brake({
      ask: (dbShards) => planner.pressure(tenantId, dbShards),
      go: (lane) => this.#runLane(lane),
      timer,
      warn: (event, error) => console.warn(JSON.stringify({ level: "warn", event, tenant_id: tenantId, error: String(error) })),
    });
  }

  /**
   * Until nothing is due that is not under way or held back. Runs may overlap: they share the limits and never a row.
   * A lane that is held back goes on by itself, and with the next run after that.
   */
  async run(): Promise<void> {
    await Promise.all(LANES.map((_, lane) => this.#runLane(lane)));
  }

  async #runLane(lane: number): Promise<void> {
    const workers: Promise<void>[] = [];
    while ((this.#active[lane] ?? 0) < (IN_FLIGHT[lane] ?? 1)) {
      const rows = this.#due(lane);
      if (rows.length === 0) break;
      workers.push(this.#work(lane, rows));
    }
    await Promise.all(workers);
  }

  async #work(lane: number, first: OutboxRow[]): Promise<void> {
    this.#active[lane] = (this.#active[lane] ?? 0) + 1;
    try {
      for (let rows = first; rows.length > 0; rows = this.#due(lane)) {
        const pause = new Promise((resolve) => setTimeout(resolve, PACE_MS[lane] ?? 0));
        await this.#plan(lane, rows);
        if (!isFull(rows)) await pause;
      }
    } finally {
      this.#active[lane] = (this.#active[lane] ?? 1) - 1;
    }
  }

  #due(lane: number): OutboxRow[] {
    return this.#brake.isOn(lane) ? [] : this.#outbox.due(lane, Date.now(), this.#busy, PLAN_MESSAGES);
  }

  async #plan(lane: number, rows: readonly OutboxRow[]): Promise<void> {
    const firsts = rows.map((row) => row.first);
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const first of firsts) this.#busy.set(first, promise);
    try {
      const pressure = await this.planner.plan(this.#tenantId, `[${rows.map((row) => row.body.slice(1, -1)).join(",")}]`);
      this.#outbox.remove(rows, Date.now());
      this.expectWork();
      this.#brake.planned(lane, pressure);
    } catch (error) {
      this.#outbox.postpone(firsts, Date.now());
      this.#brake.failed(lane);
      console.error(
        JSON.stringify({ level: "error", event: "plan_failed", tenant_id: this.#tenantId, rows: firsts, error: String(error) }),
      );
    } finally {
      for (const first of firsts) this.#busy.delete(first);
      resolve();
    }
  }

  /** Resolves when the row that holds a message is not under way. */
  async settled(rowOf: () => string | undefined): Promise<void> {
    for (;;) {
      const row = rowOf();
      const busy = row === undefined ? undefined : this.#busy.get(row);
      if (!busy) return;
      await busy;
    }
  }

  /** There is at least one open pack: keep sweeping. */
  expectWork(): void {
    this.#plans += 1;
    this.#sweepDueAt ??= Date.now() + this.sweepEveryMs;
  }

  nextSweepAt(): number | null {
    return this.#sweepDueAt;
  }

  async sweep(now: number): Promise<void> {
    if (!this.#mustLook && (this.#sweepDueAt === null || now < this.#sweepDueAt)) return;
    const plans = this.#plans;
    this.#sweepDueAt = now + this.sweepEveryMs;
    const open = await this.planner.sweep(this.#tenantId);
    this.#mustLook = false;
    if (open === 0 && plans === this.#plans) this.#sweepDueAt = null;
  }
}

/** More may be waiting than the call could take. */
function isFull(rows: readonly OutboxRow[]): boolean {
  return rows.reduce((sum, row) => sum + row.n, 0) >= PLAN_MESSAGES / 2;
}
