/** Numbers made from text, spread evenly: the same for the same text in every isolate. No cryptography. */

/**
 * In [0, 1), from the parts in their order. FNV-1a over UTF-16 units, and murmur3's last mixing, without which texts that
 * differ in their end alone come out next to each other.
 */
export function shareOf(...parts: readonly string[]): number {
  return hash32(parts.join("\u0000")) / 2 ** 32;
}

/** Eight hexadecimal digits of the same hash. */
export function hashText(text: string): string {
  return hash32(text).toString(16).padStart(8, "0");
}

function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
