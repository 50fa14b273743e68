/** Permits of the places that limit sending, asked for one place after the other. */
import { isLimited, type Place } from "../core/outbound.ts";
import type { Asker, LeaseAnswer, LeasePlace, Lessor, Permits } from "../ports/lessor.ts";
import type { Deps } from "../verbs/deps.ts";

/** A place that has not answered by then is taken as free. What it grants later comes back by itself. */
const ANSWER_WITHIN_MS = 2_000;

/** What one place granted. */
interface Taken {
  readonly place: Place;
  readonly answer: LeaseAnswer;
}

export function leaseClient(placeNamed: (name: string) => LeasePlace, log: Deps["log"]): Lessor {
  const failed = (event: string, place: Place, error: unknown): void =>
    log({ level: "error", event, place: place.name, error: String(error) });

  /** Null where it cannot be asked. */
  async function ask(place: Place, want: number, stays: boolean): Promise<LeaseAnswer | null> {
    try {
      return await inTime(placeNamed(place.name).take(place.limits, want, stays));
    } catch (error) {
      failed("place_not_asked", place, error);
      return null;
    }
  }

  /** Costs a request only where something is held or comes back. */
  async function giveBack({ place, answer }: Taken, unused: number, kept: number): Promise<void> {
    if (answer.granted === 0 || (unused === 0 && place.limits.concurrency === undefined)) return;
    try {
      await placeNamed(place.name).giveBack(place.limits, answer.lease, unused, kept);
    } catch (error) {
      failed("permits_not_given_back", place, error);
    }
  }

  return {
    async take(places: readonly Place[], want: number, { stays }: Asker = { stays: false }): Promise<Permits> {
      const taken: Taken[] = [];
      let granted = want;
      let retryAfterMs = 0;
      for (const place of places.filter(({ limits }) => isLimited(limits)).sort(widestFirst)) {
        if (granted === 0) break;
        const answer = await ask(place, granted, stays);
        if (answer === null) continue;
        granted = answer.granted;
        retryAfterMs = Math.max(retryAfterMs, answer.retryAfterMs);
        taken.push({ place, answer });
      }
      // What an earlier place granted and a later one did not goes back at once, for others.
      await Promise.all(
        taken.map((one) => (one.answer.granted > granted ? giveBack(one, one.answer.granted - granted, granted) : undefined)),
      );
      let isReleased = granted === 0;
      return {
        granted,
        retryAfterMs,
        async release(unused) {
          if (isReleased) return;
          isReleased = true;
          await Promise.all(taken.map((one) => giveBack(one, Math.min(unused, granted), 0)));
        },
      };
    },
  };
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)), ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

const WIDTH = ["global/", "tenant/", "connection/"];

/** The same order for everybody: the deployment's place, then the tenant's, then the connection's. */
function widestFirst(a: Place, b: Place): number {
  const width = ({ name }: Place) => WIDTH.findIndex((prefix) => name.startsWith(prefix));
  return width(a) - width(b);
}

/** A stub belongs to the invocation that made it, so each call makes its own. It answers every method of ProviderLease. */
export function leasePlaces(namespace: DurableObjectNamespace): (name: string) => LeasePlace {
  return (name) => namespace.getByName(name) as unknown as LeasePlace;
}
