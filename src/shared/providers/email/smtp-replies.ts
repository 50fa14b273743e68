/** What an SMTP server says: replies (RFC 5321 4.2), enhanced codes (RFC 3463, 2034), and what EHLO tells of it. */

export interface Reply {
  /** 200 to 599. */
  readonly code: number;
  /** Such as `5.1.1`, where the server says it and means the same class. */
  readonly enhanced: string | null;
  /** The text of each line, without its codes. */
  readonly lines: readonly string[];
}

export type Heard =
  /** The reply, and what came behind it. */
  | { readonly kind: "reply"; readonly reply: Reply; readonly rest: Uint8Array }
  /** It is not all here yet. */
  | { readonly kind: "part" }
  /** No SMTP server speaks like that. */
  | { readonly kind: "nonsense"; readonly reason: string };

/** RFC 5321 4.5.3.1.5 says 512 for a line; a whole EHLO reply is a few hundred bytes. */
const MAX_REPLY_BYTES = 16_384;
const LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/s;
const LF = 10;

/** Reads the first reply of `bytes`: all that has come in and was not read before. */
export function readReply(bytes: Uint8Array): Heard {
  const lines: string[] = [];
  let code = 0;
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(LF, at);
    if ((end < 0 ? bytes.length : end) > MAX_REPLY_BYTES) return { kind: "nonsense", reason: "Its reply has no end." };
    if (end < 0) return { kind: "part" };
    const line = LINE.exec(new TextDecoder().decode(bytes.subarray(at, end)).replace(/\r$/, ""));
    const given = Number(line?.[1]);
    if (line === null || (code !== 0 && given !== code)) return { kind: "nonsense", reason: "Its reply is not one of SMTP." };
    code = given;
    at = end + 1;
    lines.push(line[3] ?? "");
    if (line[2] !== "-") return { kind: "reply", reply: replyOf(code, lines), rest: bytes.subarray(at) };
  }
}

function replyOf(code: number, said: readonly string[]): Reply {
  const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)/;
  const first = ENHANCED.exec(said[0] ?? "")?.[1];
  if (first === undefined || first[0] !== String(code)[0]) return { code, enhanced: null, lines: said };
  return { code, enhanced: first, lines: said.map((line) => line.replace(ENHANCED, "")) };
}

/** What an answer to EHLO offers. */
export interface Offers {
  readonly startTls: boolean;
  readonly eightBit: boolean;
  readonly utf8: boolean;
  /** Mechanisms in capitals. */
  readonly auth: ReadonlySet<string>;
  /** Bytes that a message may have: null where it does not take SIZE, 0 where it has no limit to tell (RFC 1870). */
  readonly sizeBytes: number | null;
}

export function offersOf({ lines }: Reply): Offers {
  const offers = new Map(
    lines.slice(1).map((line) => {
      const [keyword = "", ...parameters] = line.trim().toUpperCase().split(/\s+/);
      return [keyword, parameters];
    }),
  );
  const size = offers.get("SIZE");
  return {
    startTls: offers.has("STARTTLS"),
    eightBit: offers.has("8BITMIME"),
    utf8: offers.has("SMTPUTF8"),
    auth: new Set(offers.get("AUTH")),
    sizeBytes: size === undefined ? null : Number(/^\d{1,15}$/.exec(size[0] ?? "")?.[0] ?? 0),
  };
}
