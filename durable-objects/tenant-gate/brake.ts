/**
 * Holds lanes of one gate back while what it has planned waits in the shared queues, or while the planner fails. In
 * memory only: a gate that starts anew plans once, and is told again. The alarm stands behind its timer, as everywhere.
 */
import { LANES } from "../../src/shared/core/channels.ts";
import { FIRST_WINDOW, isEverHeldBack, judge, type Pressure, pauseMs } from "../../src/shared/core/flow.ts";

/** Calls back after so many milliseconds. */
export type Timer = (work: () => void, ms: number) => void;

interface Pause {
  readonly ms: number;
  readonly waiting: number;
  /** False where only planning itself can tell whether to go on: it failed, or the question did. */
  readonly asks: boolean;
}

interface Held {
  window: number;
  /** The newest reading of each message database that the lane was planned to. */
  readings: Map<number, Pressure>;
  pause: Pause | null;
  /** The last pause after a plan that failed, milliseconds; null where none did since one went well. */
  failingMs: number | null;
}

export interface BrakeWiring {
  readonly ask: (dbShards: readonly number[]) => Promise<readonly Pressure[]>;
  /** Plans what is due of a lane. */
  readonly go: (lane: number) => Promise<void>;
  readonly timer: Timer;
  readonly warn: (event: string, error: unknown) => void;
}

/** A lane is named by its index in LANES. */
export class Brake {
  readonly #lanes: readonly Held[] = LANES.map(() => ({
    window: FIRST_WINDOW,
    readings: new Map(),
    pause: null,
    failingMs: null,
  }));
  readonly #wiring: BrakeWiring;

  constructor(wiring: BrakeWiring) {
    this.#wiring = wiring;
  }

  isOn(lane: number): boolean {
    return this.#held(lane).pause !== null;
  }

  /** What a plan of this lane was answered; undefined from a planner of an older release. */
  planned(lane: number, answer: readonly Pressure[] | undefined): void {
    const held = this.#held(lane);
    held.failingMs = null;
    for (const reading of answer ?? []) if (reading.lane === LANES[lane]) held.readings.set(reading.dbShard, reading);
    const { isPressed, waiting } = this.#judge(lane, false);
    if (isPressed) this.#pause(lane, { ms: pauseMs(null, true), waiting, asks: true });
  }

  /** A plan failed: the rest of the lane must not follow it at once, each call to fail the same way. */
  failed(lane: number): void {
    const name = LANES[lane];
    if (name === undefined || !isEverHeldBack(name)) return;
    const held = this.#held(lane);
    held.failingMs = pauseMs(held.failingMs, false);
    this.#pause(lane, { ms: held.failingMs, waiting: 0, asks: false });
  }

  #pause(lane: number, pause: Pause): void {
    this.#held(lane).pause = pause;
    this.#wiring.timer(() => void this.#look(lane, pause), pause.ms);
  }

  async #look(lane: number, pause: Pause): Promise<void> {
    const held = this.#held(lane);
    try {
      if (pause.asks) {
        const answer = await this.#wiring.ask([...held.readings.keys()]);
        held.readings = new Map(answer.filter((r) => r.lane === LANES[lane]).map((r) => [r.dbShard, r]));
        const { isPressed, waiting } = this.#judge(lane, true);
        if (isPressed) {
          this.#pause(lane, { ms: pauseMs(pause.ms, waiting < pause.waiting), waiting, asks: true });
          return;
        }
      }
    } catch (error) {
      this.#wiring.warn("pressure_unknown", error);
      this.#pause(lane, { ms: pauseMs(pause.ms, false), waiting: 0, asks: false });
      return;
    }
    held.pause = null;
    await this.#wiring.go(lane).catch((error: unknown) => this.#wiring.warn("flush_failed", error));
  }

  #judge(lane: number, paused: boolean): { isPressed: boolean; waiting: number } {
    const held = this.#held(lane);
    const name = LANES[lane];
    if (name === undefined) throw new Error(`there is no lane ${lane}`);
    const { window, ...verdict } = judge(name, held.window, [...held.readings.values()], paused);
    held.window = window;
    return verdict;
  }

  #held(lane: number): Held {
    const held = this.#lanes[lane];
    if (!held) throw new Error(`there is no lane ${lane}`);
    return held;
  }
}
