/** The gate's tables: an append-only list; each entry runs once, in order. */
export const SCHEMA: readonly string[] = [
  `CREATE TABLE outbox (
     first TEXT PRIMARY KEY,   -- the smallest message id in the row
     last TEXT NOT NULL,       -- the largest
     lane INTEGER NOT NULL,    -- index into LANES
     due_at INTEGER NOT NULL,
     n INTEGER NOT NULL,       -- messages
     tries INTEGER NOT NULL DEFAULT 0,
     body TEXT NOT NULL        -- JSON array of Submission
   ) WITHOUT ROWID;
   CREATE INDEX outbox_due ON outbox (lane, due_at);
   CREATE TABLE meter (id INTEGER PRIMARY KEY, state TEXT NOT NULL);
   CREATE TABLE revoked (key_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE key_days (day INTEGER PRIMARY KEY);`,
  // The tables lines_<week> are made as they are needed: lines.ts.
  `CREATE TABLE line_weeks (week INTEGER PRIMARY KEY);`,
  // The newest change of each key: suspended, or resumed since.
  `CREATE TABLE suspensions (key_id TEXT PRIMARY KEY, at INTEGER NOT NULL, is_suspended INTEGER NOT NULL) WITHOUT ROWID;`,
  // The index covers what counts messages: backlog.ts. Lanes that are refused, until they recover: shedder.ts.
  `DROP INDEX outbox_due;
   CREATE INDEX outbox_due ON outbox (lane, due_at, first, n, tries);
   CREATE TABLE sheddings (
     lane TEXT PRIMARY KEY, above INTEGER NOT NULL, began_at INTEGER NOT NULL, was_told INTEGER NOT NULL
   ) WITHOUT ROWID;`,
];

export function migrate(storage: DurableObjectStorage): void {
  storage.sql.exec("CREATE TABLE IF NOT EXISTS schema_version (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)");
  const at = storage.sql.exec<{ version: number }>("SELECT version FROM schema_version WHERE id = 1").toArray()[0]?.version ?? 0;
  if (at === SCHEMA.length) return;
  storage.transactionSync(() => {
    for (const step of SCHEMA.slice(at)) storage.sql.exec(step);
    storage.sql.exec(
      "INSERT INTO schema_version VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version",
      SCHEMA.length,
    );
  });
}
