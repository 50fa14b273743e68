/**
 * When "there is no such device" is to be believed. A device goes now and then; where a connection suddenly knows hardly
 * any of them, it asks in the wrong place: the credentials of another app, or the sandbox in place of production. Pure.
 */

/** What a connection answered lately, by the minute, the newest last. Times are milliseconds since 1970. */
export interface DeviceTally {
  readonly minutes: readonly { readonly at: number; readonly all: number; readonly dead: number }[];
  /** Devices that were believed to be gone before there were enough answers to judge by. */
  readonly unjudged: readonly string[];
}

export const NO_TALLY: DeviceTally = { minutes: [], unjudged: [] };

const MINUTE_MS = 60_000;
const WINDOW_MS = 10 * MINUTE_MS;
const FEWEST_ANSWERS = 10;
const MOST_DEAD = 0.2;

/** `gone`: devices that are dead by these `all` answers. */
export function tallied(
  before: DeviceTally,
  answers: { readonly all: number; readonly gone: readonly string[] },
  now: number,
): DeviceTally {
  const at = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const recent = before.minutes.filter((minute) => minute.at > now - WINDOW_MS && minute.at <= now);
  const same = recent.find((minute) => minute.at === at) ?? { at, all: 0, dead: 0 };
  const minute = { at, all: same.all + answers.all, dead: same.dead + answers.gone.length };
  const tally = {
    minutes: [...recent.filter((one) => one.at !== at), minute],
    unjudged: recent.length === 0 ? [] : before.unjudged,
  };
  if (sumOf(tally).all < FEWEST_ANSWERS) return { ...tally, unjudged: [...tally.unjudged, ...answers.gone] };
  // Once they are enough, all are judged: what was believed before stands, or is taken back with the wave.
  return isWave(tally) ? tally : { ...tally, unjudged: [] };
}

/** Whether so many are dead that it is the connection. */
export function isWave(tally: DeviceTally): boolean {
  const { all, dead } = sumOf(tally);
  return all >= FEWEST_ANSWERS && dead > all * MOST_DEAD;
}

function sumOf({ minutes }: DeviceTally): { all: number; dead: number } {
  return minutes.reduce((sum, { all, dead }) => ({ all: sum.all + all, dead: sum.dead + dead }), { all: 0, dead: 0 });
}
