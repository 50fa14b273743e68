/** Reads a file of suppressions as it comes in, and writes it in portions: a file of any length takes no more memory. */
import { flawsOf } from "../contract/flaws.ts";
import { type Format, importedRow } from "../contract/suppressions.ts";
import { csvFields, type RawRecord, RecordCutter } from "../core/records.ts";
import type { AuditActor } from "../db/control/audit.ts";
import { addSuppressions, type NewSuppression } from "./change-suppressions.ts";
import type { Deps } from "./deps.ts";

const PORTION_ROWS = 5000;
/** A statement's parameter stays well below D1's 2 MB. */
const PORTION_CHARS = 700_000;
const MOST_ERRORS = 100;

export interface Imported {
  readonly accepted: number;
  readonly rejected: number;
  readonly errors: readonly { readonly line: number; readonly message: string }[];
}

/** `text`: the file in pieces. What was written before a failure stands, and a repeat changes nothing of it. */
export async function importSuppressions(
  deps: Pick<Deps, "control" | "now" | "random">,
  actor: AuditActor,
  format: Format,
  text: AsyncIterable<string>,
): Promise<Imported> {
  const errors: { line: number; message: string }[] = [];
  let accepted = 0;
  let rejected = 0;
  let rows: NewSuppression[] = [];
  let chars = 0;
  let from = 1;
  const write = async (to: number): Promise<void> => {
    if (rows.length > 0) await addSuppressions(deps, actor, rows, { from, to });
    accepted += rows.length;
    [rows, chars, from] = [[], 0, to + 1];
  };
  let last = 0;
  for await (const parsed of format === "csv" ? csvRows(text) : jsonRows(text)) {
    last = parsed.line;
    if ("error" in parsed) {
      rejected += 1;
      if (errors.length < MOST_ERRORS) errors.push({ line: parsed.line, message: parsed.error });
      continue;
    }
    rows.push(parsed.row);
    chars += parsed.row.destination.length + 200;
    if (rows.length >= PORTION_ROWS || chars >= PORTION_CHARS) await write(parsed.line);
  }
  await write(last);
  return { accepted, rejected, errors };
}

type Parsed = { readonly line: number } & ({ readonly row: NewSuppression } | { readonly error: string });

async function* jsonRows(text: AsyncIterable<string>): AsyncGenerator<Parsed> {
  for await (const raw of records(text, new RecordCutter({ quotes: false }))) {
    if ("error" in raw) {
      yield raw;
      continue;
    }
    let value: unknown;
    try {
      value = JSON.parse(raw.text);
    } catch {
      yield { line: raw.line, error: "It is not JSON." };
      continue;
    }
    yield rowOf(raw.line, value);
  }
}

/** The first record names the columns, in any order; those that are not known are passed over. */
async function* csvRows(text: AsyncIterable<string>): AsyncGenerator<Parsed> {
  let names: string[] | undefined;
  for await (const raw of records(text, new RecordCutter({ quotes: true }))) {
    if ("error" in raw) {
      yield raw;
      continue;
    }
    const fields = csvFields(raw.text);
    if (names === undefined) {
      names = (fields ?? []).map((name) => name.trim().toLowerCase());
      if (names.includes("channel") && names.includes("destination")) continue;
      yield { line: raw.line, error: "The first line must name the columns, channel and destination among them." };
      return;
    }
    if (fields === null || fields.length !== names.length) {
      yield { line: raw.line, error: `It has not the ${names.length} fields of the first line.` };
      continue;
    }
    // An empty field says nothing, as if its column were not there.
    const entries = names.flatMap((name, i) => (fields[i] === "" ? [] : [[name, fields[i]] as const]));
    yield rowOf(raw.line, Object.fromEntries(entries));
  }
}

function rowOf(line: number, value: unknown): Parsed {
  const result = importedRow.safeParse(value);
  if (!result.success) {
    const [flaw] = flawsOf(result.error);
    return { line, error: flaw === undefined ? "It is not a suppression." : `${flaw.path}: ${flaw.message}`.replace(/^: /, "") };
  }
  const { channel, destination, reason, created_at: created, expires_at: expires } = result.data;
  return {
    line,
    row: {
      channel,
      destination,
      reason,
      expiresAt: expires == null ? null : Date.parse(expires),
      ...(created === undefined ? {} : { createdAt: Date.parse(created) }),
    },
  };
}

async function* records(text: AsyncIterable<string>, cutter: RecordCutter): AsyncGenerator<RawRecord> {
  for await (const piece of text) yield* cutter.push(piece);
  yield* cutter.end();
}
