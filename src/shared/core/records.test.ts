import fc from "fast-check";
import { expect, it } from "vitest";
import { csvFields, csvRecord, MOST_RECORD_CHARS, type RawRecord, RecordCutter } from "./records.ts";

function cut(pieces: readonly string[], quotes: boolean): RawRecord[] {
  const cutter = new RecordCutter({ quotes });
  return [...pieces.flatMap((piece) => [...cutter.push(piece)]), ...cutter.end()];
}

/** The text in pieces that end at these places. */
function split(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, i) => text.slice(at[i], end));
}

const anyText = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "ü") });

it("cuts the same records, wherever the text comes apart", () => {
  fc.assert(
    fc.property(anyText, fc.array(fc.nat()), fc.boolean(), (text, places, quotes) => {
      expect(cut(split(text, places), quotes)).toEqual(cut([text], quotes));
    }),
  );
});

it("reads back every record that it writes, by the line that it begins on", () => {
  const fields = fc.array(fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r\n", "ü") }), { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(fields, { minLength: 1 }), (rows) => {
      const records = cut([rows.map((row) => `${csvRecord(row)}\r\n`).join("")], true);
      expect(records.map((record) => ("text" in record ? csvFields(record.text) : record))).toEqual(rows);
      let line = 1;
      for (const [i, row] of rows.entries()) {
        expect(records[i]?.line).toBe(line);
        line += 1 + (csvRecord(row).match(/\n/g)?.length ?? 0);
      }
    }),
  );
});

it("gives up one record that is too long, and reads the next", () => {
  const long = "x".repeat(MOST_RECORD_CHARS + 1);
  for (const quotes of [false, true]) {
    expect(cut([`a\n${long}\nb`], quotes)).toEqual([
      { line: 1, text: "a" },
      { line: 2, error: expect.stringContaining("more than") },
      { line: 3, text: "b" },
    ]);
  }
  expect(cut([`"${"x\n".repeat(MOST_RECORD_CHARS)}b`], true).at(-1)).toMatchObject({ text: "b" });
});

it("keeps no more of a text than one record, however long it is", () => {
  const cutter = new RecordCutter({ quotes: true });
  for (let i = 0; i < 1000; i++) expect([...cutter.push(`${"y".repeat(10_000)}`)]).toEqual([]);
  expect([...cutter.end()]).toHaveLength(1);
});

it.each(['a"b', '"a', '"a"b', 'a,"'])("finds no fields in %s", (text) => {
  expect(csvFields(text)).toBeNull();
});
