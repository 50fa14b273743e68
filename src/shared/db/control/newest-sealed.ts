/** The newest connection's sealed credentials, whoever's they are: for a health check that opens them and forgets. */
export async function newestSealed(db: D1Database): Promise<string | null> {
  return db.prepare("SELECT credentials FROM connections ORDER BY id DESC LIMIT 1").first<string>("credentials");
}
