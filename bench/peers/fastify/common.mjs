import { Redis } from "ioredis";
import pg from "pg";

export const QUEUE = "send";
export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.PG_POOL ?? 10),
  min: Number(process.env.PG_POOL ?? 10),
  idleTimeoutMillis: 0,
});
pool.on("error", (error) => console.error(error));

export const redis = (options) => new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null, ...options });

// A named statement is parsed once per connection.
export const query = (name, text, values) => pool.query({ name, text, values });

// Gathers rows into one statement: while a write is under way, the next rows wait and go together.
// sql takes one array per column. A row that spoils its batch fails alone.
export function batchWriter(name, sql) {
  let waiting = [];
  let writing = false;
  const write = (rows) =>
    query(
      name,
      sql,
      rows[0].map((_, column) => rows.map((row) => row[column])),
    );
  async function flush() {
    writing = true;
    while (waiting.length) {
      const batch = waiting;
      waiting = [];
      try {
        await write(batch.map(({ row }) => row));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        if (batch.length === 1) batch[0].reject(error);
        else for (const { row, resolve, reject } of batch) await write([row]).then(resolve, reject);
      }
    }
    writing = false;
  }
  return (...row) =>
    new Promise((resolve, reject) => {
      waiting.push({ row, resolve, reject });
      if (!writing) flush();
    });
}
