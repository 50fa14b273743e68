/** Text on its way into a mail header: one line, ASCII. Content is rendered, so nothing here may be trusted. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this takes out
const BREAKS = /[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g;
const ASCII = /^[\x20-\x7e]*$/;

/** The text on one line: whatever could end a header line becomes a space. */
export function oneLine(text: string): string {
  return text.replaceAll(BREAKS, " ").trim();
}

/** A header's value in ASCII, as RFC 2047 encoded words where it needs them. */
export function headerValue(text: string): string {
  const line = oneLine(text);
  return ASCII.test(line) ? line : encodedWords(line);
}

/** `=?UTF-8?B?…?=`, as many as it takes: a word holds 75 characters, which is 45 bytes of text. */
function encodedWords(text: string): string {
  const encoder = new TextEncoder();
  const words: string[] = [];
  let part: number[] = [];
  const close = () => words.push(`=?UTF-8?B?${btoa(String.fromCharCode(...part))}?=`);
  for (const character of text) {
    const bytes = encoder.encode(character);
    if (part.length + bytes.length > 45) {
      close();
      part = [];
    }
    part.push(...bytes);
  }
  close();
  return words.join(" ");
}

/**
 * `ada@example.com` or `Ada <ada@example.com>` with the name in ASCII and the domain in Punycode. It is one
 * mailbox whatever comes in; what was none is a bad address, and the provider refuses it and says so.
 */
export function mailbox(text: string): string {
  const line = oneLine(text);
  const named = /^(.*)<([^<>]*)>$/.exec(line);
  if (!named) return address(line);
  const name = (named[1] ?? "").trim();
  const bare = name.replace(/^"(.*)"$/, "$1").replaceAll(/\\(.)/g, "$1");
  const at = address(named[2] ?? "");
  if (bare === "") return at;
  return ASCII.test(bare) ? `"${bare.replaceAll(/[\\"]/g, "\\$&")}" <${at}>` : `${encodedWords(bare)} <${at}>`;
}

/** What could part one address from the next, or end it, is taken out: the rest is one address or none. */
function address(given: string): string {
  const text = given.replaceAll(/[\s,;:<>]/g, "");
  if (ASCII.test(text)) return text;
  const at = text.lastIndexOf("@");
  const url = at < 0 ? null : URL.parse(`http://${text.slice(at + 1)}`);
  return url === null ? text : `${text.slice(0, at)}@${url.hostname}`;
}

/** Whether text is one mailbox, on its face: `x@y`, or `name <x@y>`. */
export function isMailbox(text: string): boolean {
  return /^(?:[^<>\r\n]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/.test(text);
}
