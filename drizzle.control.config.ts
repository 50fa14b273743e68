import { defineConfig } from "drizzle-kit";

export default defineConfig({ dialect: "sqlite", schema: "./src/shared/db/control/schema.ts", out: "./migrations/control" });
