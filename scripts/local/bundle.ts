/** Bundles a Worker into one module the way wrangler does. */
import { builtinModules } from "node:module";
import { build, type Plugin, stop } from "esbuild";
import { ROOT, type WorkerConfig } from "./configs.ts";

const BUILTINS = new Set(builtinModules);

/** `import "crypto"` means the runtime's own `node:crypto`. */
const nodeBuiltins: Plugin = {
  name: "node-builtins",
  setup(b) {
    b.onResolve({ filter: /^[a-z_/0-9]+$/ }, ({ path }) =>
      BUILTINS.has(path) ? { path: `node:${path}`, external: true } : undefined,
    );
  },
};

/** The message lists what is wrong, and where. */
export class BuildFailed extends Error {}

export interface BundledWorker extends WorkerConfig {
  readonly code: string;
}

/** Throws BuildFailed. */
export async function bundleAll(workers: readonly WorkerConfig[]): Promise<BundledWorker[]> {
  try {
    return await Promise.all(workers.map(async (worker) => ({ ...worker, code: await bundle(worker.main) })));
  } finally {
    await stop(); // esbuild's own process, which would stay
  }
}

async function bundle(main: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [main],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "browser",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    plugins: [nodeBuiltins],
    loader: { ".html": "text", ".sql": "text", ".txt": "text" },
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
  }).catch((error: Error) => {
    throw new BuildFailed(error.message);
  });
  const code = outputFiles[0]?.text;
  if (code === undefined) throw new Error(`esbuild wrote nothing for ${main}`);
  return code;
}
