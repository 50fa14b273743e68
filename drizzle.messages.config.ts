import { defineConfig } from "drizzle-kit";

export default defineConfig({ dialect: "sqlite", schema: "./src/shared/db/messages/schema.ts", out: "./migrations/messages" });
