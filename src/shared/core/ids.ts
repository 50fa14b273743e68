/**
 * Identifiers: a prefix and 26 characters of Crockford base32, sortable by time.
 *
 * A message id also names where its row and its receipt live, so that no id ever needs a search:
 *
 *     msg_ tttttttttt sss dd gg rrrrrrrrr
 *          │          │   │  │  └ 45 random bits
 *          │          │   │  └ gate shard (0…1023)
 *          │          │   └ message database shard (0…1023)
 *          │          └ sequence inside the millisecond (0…32767)
 *          └ milliseconds since 1970 (the ULID layout)
 *
 * Every field ends on a five-bit border, so no big integers are needed.
 */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const VALUES = new Map([...ALPHABET].map((c, i) => [c, i]));
const SEQUENCE_LIMIT = 32 ** 3;

export type Random = (bytes: number) => Uint8Array;

/** `value` as `length` base32 characters, most significant first. */
export function encode32(value: number, length: number): string {
  let out = "";
  for (let i = 0, rest = value; i < length; i++, rest = Math.floor(rest / 32)) {
    out = ALPHABET.charAt(rest % 32) + out;
  }
  return out;
}

function decode32(text: string): number {
  let value = 0;
  for (const c of text) {
    const digit = VALUES.get(c);
    if (digit === undefined) return Number.NaN;
    value = value * 32 + digit;
  }
  return value;
}

/** `length` random base32 characters, five bits each. */
export function random32(random: Random, length: number): string {
  let out = "";
  for (const byte of random(length)) out += ALPHABET.charAt(byte & 31);
  return out;
}

/** An id that carries its time and nothing else: `prj_01K…`. */
export function newId(prefix: string, now: number, random: Random): string {
  return `${prefix}_${encode32(now, 10)}${random32(random, 16)}`;
}

export interface MessagePlace {
  /** When the message was accepted, milliseconds since 1970. */
  readonly at: number;
  readonly sequence: number;
  /** Index into the message databases. */
  readonly dbShard: number;
  /** Index into the tenant's gates. */
  readonly gateShard: number;
}

const MESSAGE_ID = /^msg_[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Reads a message id; `null` for anything that is not one. */
export function parseMessageId(id: string): MessagePlace | null {
  if (!MESSAGE_ID.test(id)) return null;
  return {
    at: decode32(id.slice(4, 14)),
    sequence: decode32(id.slice(14, 17)),
    dbShard: decode32(id.slice(17, 19)),
    gateShard: decode32(id.slice(19, 21)),
  };
}

/** Mints message ids for one gate, each greater than the one before. */
export interface Mint {
  at: number;
  sequence: number;
}

/**
 * Reserves `count` consecutive ids and returns the first; `messageIdAt` derives the others.
 * The clock of a mint never goes back: where the wall clock does, the mint stays on its own time.
 */
export function mintMessageIds(
  mint: Mint,
  count: number,
  place: { now: number; dbShard: number; gateShard: number; random: Random },
): string {
  if (place.now > mint.at) {
    mint.at = place.now;
    mint.sequence = 0;
  }
  if (mint.sequence + count > SEQUENCE_LIMIT) {
    mint.at += 1;
    mint.sequence = 0;
  }
  const first = `msg_${encode32(mint.at, 10)}${encode32(mint.sequence, 3)}${encode32(place.dbShard, 2)}${encode32(place.gateShard, 2)}${random32(place.random, 9)}`;
  mint.sequence += count;
  return first;
}

/** The `index`-th id of the run that starts at `first`. */
export function messageIdAt(first: string, index: number): string {
  if (index === 0) return first;
  return first.slice(0, 14) + encode32(decode32(first.slice(14, 17)) + index, 3) + first.slice(17);
}

/** Position of `id` in the run of `count` ids that starts at `first`, or -1. */
export function indexInRun(first: string, count: number, id: string): number {
  if (id.slice(0, 14) !== first.slice(0, 14) || id.slice(17) !== first.slice(17)) return -1;
  const index = decode32(id.slice(14, 17)) - decode32(first.slice(14, 17));
  return index >= 0 && index < count ? index : -1;
}

/**
 * An attempt's id names its message, delivery and try, so that a provider that echoes it lets us find
 * the row without a look-up table: `att_` + 26 (message) + 2 (delivery) + 2 (try, modulo 1024).
 */
export function attemptId(messageId: string, delivery: number, attempt: number): string {
  return `att_${messageId.slice(4)}${encode32(delivery, 2)}${encode32(attempt % 1024, 2)}`;
}

/**
 * The same for every try of one delivery over one connection: what a provider's idempotency key is made of.
 * 59 characters of `[A-Za-z0-9_-]`.
 */
export function idempotencyKeyOf(messageId: string, delivery: number, connectionId: string): string {
  return `${messageId.slice(4)}${encode32(delivery, 2)}-${connectionId}`;
}

/** The inverse of `attemptId`; `null` for anything that is not one. */
export function parseAttemptId(id: string): { messageId: string; delivery: number; attempt: number } | null {
  if (!/^att_[0-7][0-9A-HJKMNP-TV-Z]{29}$/.test(id)) return null;
  return {
    messageId: `msg_${id.slice(4, 30)}`,
    delivery: decode32(id.slice(30, 32)),
    attempt: decode32(id.slice(32, 34)),
  };
}
