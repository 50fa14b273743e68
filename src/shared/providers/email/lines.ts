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

/** A mailbox taken apart. */
export interface MailboxParts {
  /** As it reads, on one line; empty where there is none. */
  readonly name: string;
  /** The domain in Punycode. */
  readonly email: string;
}

/**
 * `ada@example.com` or `Ada <ada@example.com>`. It is one mailbox whatever comes in; what was none is a bad
 * address, and the provider refuses it and says so.
 */
export function mailboxParts(text: string): MailboxParts {
  const line = oneLine(text);
  const named = /^(.*)<([^<>]*)>$/.exec(line);
  if (!named) return { name: "", email: address(line) };
  const name = (named[1] ?? "").trim().replace(/^"(.*)"$/, "$1");
  return { name: name.replaceAll(/\\(.)/g, "$1").trim(), email: address(named[2] ?? "") };
}

/** A mailbox as a header holds it, all of it in ASCII. */
export function mailbox(text: string): string {
  const { name, email } = mailboxParts(text);
  return name === "" || ASCII.test(name) ? quoted(name, email) : `${encodedWords(name)} <${email}>`;
}

/** A mailbox for an API that takes names in UTF-8 and encodes them itself. */
export function utf8Mailbox(text: string): string {
  const { name, email } = mailboxParts(text);
  return quoted(name, email);
}

function quoted(name: string, email: string): string {
  return name === "" ? email : `"${name.replaceAll(/[\\"]/g, "\\$&")}" <${email}>`;
}

/** Custom headers, as far as they are any: names of RFC 5322, values in ASCII and not empty. */
export function headerLines(headers: Readonly<Record<string, string>> | undefined): (readonly [name: string, value: string])[] {
  return Object.entries(headers ?? {})
    .map(([name, value]) => [name, headerValue(value)] as const)
    .filter(([name, value]) => /^[!-9;-~]{1,126}$/.test(name) && value !== "");
}

/** What could part one address from the next, or end it, is taken out: the rest is one address or none. */
function address(given: string): string {
  const text = given.replaceAll(/[\s,;:<>]/g, "");
  if (ASCII.test(text)) return text;
  const at = text.lastIndexOf("@");
  const url = at < 0 ? null : URL.parse(`http://${text.slice(at + 1)}`);
  return url === null ? text : `${text.slice(0, at)}@${url.hostname}`;
}

/** Whether text is one bare address that needs no quoting anywhere: no quoted local parts, no domain literals. */
export function isAddress(text: string): boolean {
  return /^[^\s<>()[\]\\,;:"@\p{Cc}]{1,64}@[a-z0-9.-]{1,253}$/iu.test(text);
}

/** Whether text is one mailbox, on its face: `x@y`, or `name <x@y>`. */
export function isMailbox(text: string): boolean {
  return /^(?:[^<>\r\n]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/.test(text);
}
