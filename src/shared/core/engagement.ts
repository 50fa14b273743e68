/**
 * The learned order of a recipient's addresses. Each address has a Beta posterior of "an answer comes in time": its prior
 * is that of its channel in the project, which itself starts at one answer in three; what the address itself has shown
 * counts on top. To go on learning, an address is taken at a point of its posterior that the message's id picks
 * (within one standard deviation of the mean), so that those that are little known have their turn now and then. The same message always
 * gets the same order. Thompson, "On the likelihood that one unknown probability exceeds another", 1933. Pure.
 */
import type { Address } from "./message.ts";
import { hash32 } from "./placement.ts";

export interface Evidence {
  readonly tried: number;
  readonly answered: number;
}

const NOTHING: Evidence = { tried: 0, answered: 0 };
/** Of a channel that nothing is known of. */
const FIRST = { answers: 1, silences: 2 };
/** What the channel says counts as much as this many tries of the address itself. */
const WEIGHT_OF_CHANNEL = 4;

export function channelKey({ channel }: Pick<Address, "channel">): string {
  return channel;
}

export function addressKey({ channel, destination }: Address): string {
  return `${channel}:${destination}`;
}

/** Mean and standard deviation of the likelihood that an answer comes. */
export function likelihoodOf(address: Evidence, channel: Evidence): { readonly mean: number; readonly deviation: number } {
  const prior = (channel.answered + FIRST.answers) / (channel.tried + FIRST.answers + FIRST.silences);
  const a = WEIGHT_OF_CHANNEL * prior + address.answered;
  const b = WEIGHT_OF_CHANNEL * (1 - prior) + address.tried - address.answered;
  const n = a + b;
  return { mean: a / n, deviation: Math.sqrt((a * b) / (n * n * (n + 1))) };
}

/** Most likely first; ties stay as they were given. */
export function learnedOrder<A extends Address>(
  messageId: string,
  addresses: readonly A[],
  known: ReadonlyMap<string, Evidence>,
): (A & { readonly likelihood: number })[] {
  return addresses
    .map((address) => {
      const of = likelihoodOf(known.get(addressKey(address)) ?? NOTHING, known.get(channelKey(address)) ?? NOTHING);
      // Between -1 and 1, by the message and the address.
      const point = (hash32(`${messageId} ${addressKey(address)}`) / 0xffffffff) * 2 - 1;
      const at = Math.min(1, Math.max(0, of.mean + point * of.deviation));
      return { ...address, likelihood: Math.round(at * 1000) / 1000 };
    })
    .toSorted((a, b) => b.likelihood - a.likelihood);
}
