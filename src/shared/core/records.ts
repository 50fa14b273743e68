/** Records out of text that comes in pieces, as NDJSON or CSV (RFC 4180). Pure; memory is bounded by the longest record. */

/** The raw text of one record, or why it is none. `line`: the one that it begins on, from 1. */
export type RawRecord = { readonly line: number } & ({ readonly text: string } | { readonly error: string });

/** A record longer than this is not read, and the next one is. */
export const MOST_RECORD_CHARS = 16_384;

/**
 * Cuts text at line ends; with `quotes`, line ends within "…" belong to the record. Blank lines are none. Call `end` behind
 * the last piece.
 */
export class RecordCutter {
  readonly #quotes: boolean;
  #line = 1;
  #begins = 1;
  #text = "";
  #isTooLong = false;
  #isQuoted = false;

  constructor(options: { readonly quotes: boolean }) {
    this.#quotes = options.quotes;
  }

  *push(piece: string): Generator<RawRecord> {
    let from = 0;
    for (let i = 0; i < piece.length; i++) {
      const c = piece.charCodeAt(i);
      if (this.#quotes && c === 0x22) this.#isQuoted = !this.#isQuoted;
      if (c !== 0x0a) continue;
      this.#line += 1;
      if (this.#isQuoted && !this.#isTooLong && this.#text.length + i - from <= MOST_RECORD_CHARS) continue;
      this.#add(piece.slice(from, i));
      from = i + 1;
      // A quote that never ends must not take the rest of the file with it.
      if (this.#isQuoted) this.#isTooLong = true;
      this.#isQuoted = false;
      yield* this.#take();
    }
    this.#add(piece.slice(from));
  }

  *end(): Generator<RawRecord> {
    if (this.#isQuoted) this.#isTooLong = true;
    yield* this.#take();
  }

  #add(text: string): void {
    if (this.#isTooLong) return;
    this.#text += text;
    if (this.#text.length <= MOST_RECORD_CHARS) return;
    this.#isTooLong = true;
    this.#text = "";
  }

  *#take(): Generator<RawRecord> {
    const [line, text, isTooLong] = [this.#begins, this.#text.replace(/\r$/, ""), this.#isTooLong];
    [this.#begins, this.#text, this.#isTooLong] = [this.#line, "", false];
    if (isTooLong) yield { line, error: `It has more than ${MOST_RECORD_CHARS} characters, or a quote that does not end.` };
    else if (text.trim() !== "") yield { line, text };
  }
}

/** The fields of one CSV record; null where its quotes make no sense. */
export function csvFields(text: string): string[] | null {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const found = field.exec(text);
    if (!found) return null;
    fields.push(found[1] === undefined ? (found[2] ?? "") : found[1].replaceAll('""', '"'));
    if (found[3] === "") return fields;
  }
}

export function csvRecord(fields: readonly (string | null)[]): string {
  return fields
    .map((field) => (field !== null && /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : (field ?? "")))
    .join(",");
}
