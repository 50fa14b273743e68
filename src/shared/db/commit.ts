/** What drizzle's builders have in common: a query that can be handed to D1 as a statement. */
interface Compiled {
  toSQL(): { sql: string; params: unknown[] };
}

/** A drizzle insert, update or delete as a D1 statement, so that it can stand in one batch with others. */
export function statement(db: D1Database, query: Compiled): D1PreparedStatement {
  const { sql, params } = query.toSQL();
  return db.prepare(sql).bind(...params);
}

/** Runs writes as one transaction: all of them or none. The only way that a verb writes to D1. */
export async function commit(db: D1Database, statements: readonly D1PreparedStatement[]): Promise<D1Result[]> {
  if (statements.length === 0) return [];
  return db.batch([...statements]);
}

/** What must hold for a row to be written: a part of SQL behind WHERE, with `?` for its parameters. */
export interface Condition {
  readonly sql: string;
  readonly params: readonly unknown[];
}

export const ALWAYS: Condition = { sql: "TRUE", params: [] };

/** True where D1 refused a write because a row of that key exists. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && error.message.includes("UNIQUE constraint failed");
}
