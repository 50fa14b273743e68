/** Several runs as one: the median of every number, the sum of every count of failures or statuses. */

export function medians<T extends object>(runs: readonly T[]): T & { runs: number } {
  const [first] = runs;
  if (first === undefined) throw new Error("there were no runs");
  const all = (key: string) => runs.map((run) => (run as Record<string, unknown>)[key]);
  const merged = Object.keys(first).map((key) => {
    const values = all(key);
    return [key, typeof values[0] === "number" ? median(values as number[]) : sum(values as Record<string, number>[])];
  });
  return { runs: runs.length, ...(Object.fromEntries(merged) as T) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] ?? Number.NaN) + (sorted[Math.ceil(at)] ?? Number.NaN)) / 2;
}

function sum(counts: readonly Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const run of counts) for (const [key, n] of Object.entries(run)) total[key] = (total[key] ?? 0) + n;
  return total;
}
