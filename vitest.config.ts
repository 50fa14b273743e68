import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { sealKeys } from "./src/shared/adapters/seal-keys.ts";

export default defineConfig(async () => {
  const [control, messages] = await Promise.all([
    readD1Migrations("migrations/control"),
    readD1Migrations("migrations/messages"),
  ]);
  const [keys, webhookKeys] = await Promise.all([sealKeys(), sealKeys()]);
  return {
    test: {
      projects: [
        {
          plugins: [
            cloudflareTest({
              main: "./src/shared/testing/worker.ts",
              wrangler: { configPath: "./workers/dispatcher/wrangler.toml" },
              miniflare: {
                bindings: {
                  TEST_CONTROL_MIGRATIONS: control,
                  TEST_MESSAGES_MIGRATIONS: messages,
                  SEAL_PUBLIC_KEY: keys.publicJwk,
                  SEAL_PRIVATE_KEYS: keys.privateJwks,
                  WEBHOOK_SEAL_PUBLIC_KEY: webhookKeys.publicJwk,
                  WEBHOOK_SEAL_PRIVATE_KEYS: webhookKeys.privateJwks,
                  LINK_SECRET: "a-link-secret-that-only-tests-know",
                  LOG_LEVEL: "error",
                  // How long and from where workers/api/fuzz.test.ts searches.
                  FUZZ_RUNS: process.env.FUZZ_RUNS ?? "",
                  FUZZ_SEED: process.env.FUZZ_SEED ?? "",
                  ALLOW_PRIVATE_ENDPOINTS: "true",
                  PUBLIC_URL: "https://carillon.test",
                  SNS_CERT_ORIGIN: "https://sns.test",
                },
                // Tests reach nobody: what the real consumers post or send finds no origin.
                serviceBindings: { EGRESS: async () => new Response(null, { status: 523 }) as never },
                queueConsumers: {
                  events: { maxBatchSize: 20, maxBatchTimeout: 0 },
                  callbacks: { maxBatchSize: 6, maxBatchTimeout: 0 },
                },
              },
            }),
          ],
          test: {
            name: "workerd",
            // One worker for all files: a worker each costs more than the tests. Suites share nothing, since each mints its own tenant.
            isolate: false,
            include: ["src/**/*.test.ts", "workers/**/*.test.ts", "durable-objects/**/*.test.ts"],
            exclude: ["**/*.node.test.ts"],
            setupFiles: ["./src/shared/testing/setup.ts"],
            testTimeout: 20_000,
          },
        },
        {
          test: {
            name: "node",
            include: ["src/**/*.node.test.ts", "scripts/**/*.test.ts", "bench/**/*.test.ts"],
            testTimeout: 20_000,
          },
        },
        {
          test: {
            name: "e2e",
            include: ["e2e/**/*.test.ts"],
            testTimeout: 60_000,
            hookTimeout: 60_000,
            // After the others, and all at once: its files spend their time waiting.
            sequence: { groupOrder: 1 },
            maxWorkers: 5,
          },
        },
      ],
    },
  };
});
