import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";

type Migrations = Parameters<typeof applyD1Migrations>[1];
const bound = env as unknown as Record<"DB" | "MESSAGES_00" | "MESSAGES_01", D1Database> &
  Record<"TEST_CONTROL_MIGRATIONS" | "TEST_MESSAGES_MIGRATIONS", Migrations>;

await applyD1Migrations(bound.DB, bound.TEST_CONTROL_MIGRATIONS);
await applyD1Migrations(bound.MESSAGES_00, bound.TEST_MESSAGES_MIGRATIONS);
await applyD1Migrations(bound.MESSAGES_01, bound.TEST_MESSAGES_MIGRATIONS);
