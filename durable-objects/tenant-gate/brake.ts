/**
 * Holds lanes of one gate back while what it has planned waits too long in the shared queues, or while the planner
 * fails. In memory only: a gate that starts anew plans once, and is told again. Whoever pauses lets go of its wake-up:
 * the alarm stands behind the timer, as everywhere.
 */
import { LANES } from "../../src/shared/core/channels.ts";
import { isEverHeldBack, isPressed, type Pressure, pauseMs } from "../../src/shared/core/flow.ts";

/** Calls back after so many milliseconds. */
export type Timer = (work: () => void, ms: number) => void;

interface Pause {
  readonly ms: number;
  readonly waiting: number;
  /** The message databases to ask before going on; none where only planning itself can tell. */
  readonly dbShards: readonly number[];
}

export class Brake {
  readonly #pauses = new Map<number, Pause>();
  /** The last pause of a lane whose plans fail, milliseconds. */
  readonly #failing = new Map<number, number>();
  readonly #ask: (dbShards: readonly number[]) => Promise<readonly Pressure[]>;
  readonly #go: (lane: number) => Promise<void>;
  readonly #timer: Timer;
  readonly #warn: (event: string, error: unknown) => void;

  constructor(with_: {
    readonly ask: (dbShards: readonly number[]) => Promise<readonly Pressure[]>;
    readonly go: (lane: number) => Promise<void>;
    readonly timer: Timer;
    readonly warn: (event: string, error: unknown) => void;
  }) {
    this.#ask = with_.ask;
    this.#go = with_.go;
    this.#timer = with_.timer;
    this.#warn = with_.warn;
  }

  /** `lane`: index into LANES. */
  isOn(lane: number): boolean {
    return this.#pauses.has(lane);
  }

  /** What a plan of this lane was answered; undefined from a planner of an older release. */
  planned(lane: number, answer: readonly Pressure[] | undefined): void {
    this.#failing.delete(lane);
    const pressed = pressedIn(lane, answer);
    if (pressed.length > 0) this.#hold(lane, { ms: pauseMs(null, true), ...sumOf(pressed) });
  }

  /** A plan failed: the rest of the lane must not follow it at once, each call to fail the same way. */
  failed(lane: number): void {
    const name = LANES[lane];
    if (name === undefined || !isEverHeldBack(name)) return;
    const ms = pauseMs(this.#failing.get(lane) ?? null, false);
    this.#failing.set(lane, ms);
    this.#hold(lane, { ms, waiting: 0, dbShards: [] });
  }

  #hold(lane: number, pause: Pause): void {
    this.#pauses.set(lane, pause);
    this.#timer(() => void this.#look(lane, pause), pause.ms);
  }

  async #look(lane: number, pause: Pause): Promise<void> {
    if (this.#pauses.get(lane) !== pause) return;
    try {
      const pressed = pause.dbShards.length === 0 ? [] : pressedIn(lane, await this.#ask(pause.dbShards));
      if (pressed.length > 0) {
        const now = sumOf(pressed);
        this.#hold(lane, { ms: pauseMs(pause.ms, now.waiting < pause.waiting), ...now });
        return;
      }
    } catch (error) {
      this.#warn("pressure_unknown", error);
      this.#hold(lane, { ms: pauseMs(pause.ms, false), waiting: 0, dbShards: [] });
      return;
    }
    this.#pauses.delete(lane);
    await this.#go(lane).catch((error: unknown) => this.#warn("flush_failed", error));
  }
}

function pressedIn(lane: number, answer: readonly Pressure[] | undefined): readonly Pressure[] {
  return (answer ?? []).filter((p) => p.lane === LANES[lane] && isPressed(p));
}

function sumOf(pressed: readonly Pressure[]): Pick<Pause, "waiting" | "dbShards"> {
  return { waiting: pressed.reduce((sum, p) => sum + p.waiting, 0), dbShards: pressed.map((p) => p.dbShard) };
}
