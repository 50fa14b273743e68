/** Pages over several sources, newest first by id: exact, and bounded in what they look at. */

export interface Page<T extends { readonly id: string }> {
  /** Newest first. */
  readonly rows: readonly T[];
  /** Everything that matches and whose id is not below this is in `rows`; null where nothing is left below. */
  readonly floor: string | null;
}

/** Rows that one page looks at per database before it answers with what it has. */
export const SCAN_ROWS = 20_000;

/**
 * The same query over several sources as one page of at most `limit` rows, each id once (the first source
 * that has it wins). What lies below the highest floor is left for the next page.
 */
export function mergePages<T extends { readonly id: string }>(pages: readonly Page<T>[], limit: number): Page<T> {
  const floor = pages.reduce<string | null>(
    (max, p) => (p.floor !== null && (max === null || p.floor > max) ? p.floor : max),
    null,
  );
  const byId = new Map<string, T>();
  for (const page of pages) for (const row of page.rows) if (!byId.has(row.id)) byId.set(row.id, row);
  const inReach = [...byId.values()].filter((row) => floor === null || row.id >= floor).sort((a, b) => (a.id < b.id ? 1 : -1));
  if (inReach.length <= limit) return { rows: inReach, floor };
  const rows = inReach.slice(0, limit);
  return { rows, floor: rows[limit - 1]?.id ?? null };
}

/**
 * A page of one database. `results` came from a scan of at most SCAN_ROWS; `reached` answers the id of the
 * last row of such a scan, or null where the table has no more.
 */
export async function scannedPage<T extends { readonly id: string }>(
  rows: readonly T[],
  limit: number,
  reached: () => Promise<{ readonly id: string } | null>,
): Promise<Page<T>> {
  const last = rows[rows.length - 1]?.id ?? null;
  if (rows.length === limit) return { rows, floor: last };
  const end = await reached();
  // Rows may have come in since the scan: the floor is never above what was found.
  return { rows, floor: end === null || last === null || end.id < last ? (end?.id ?? null) : last };
}
