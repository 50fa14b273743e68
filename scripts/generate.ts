/**
 * Writes what is generated: the types of each Worker's bindings, and docs/openapi.json.
 * With `--check` writes nothing, names the files that are not what they should be, and exits with 1.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { experimental_generateTypes as generateTypes } from "wrangler";
import { CONFIG_PATHS, ROOT } from "./local/configs.ts";

/** In the order of CONFIG_PATHS. */
const OUTPUTS = [
  { path: "workers/api/env.d.ts", envInterface: "ApiEnv" },
  { path: "workers/dispatcher/env.d.ts", envInterface: "DispatcherEnv" },
  { path: "workers/webhooks/env.d.ts", envInterface: "WebhooksEnv" },
];

const isCheck = process.argv.includes("--check");
process.chdir(ROOT);

function put(path: string, content: string): void {
  const old = readFileSync(path, "utf8");
  if (old === content) return;
  if (isCheck) {
    console.error(`${path} is not what it should be. Run: npm run generate`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, content);
    console.log(`wrote ${path}`);
  }
}

for (const [index, output] of OUTPUTS.entries()) {
  const config = CONFIG_PATHS[index];
  if (config === undefined) throw new Error(`${output.path} has no config`);
  const { content } = await generateTypes({ config, ...output, includeRuntime: false, strictVars: false, envFile: [] });
  put(output.path, content);
}

const openapi = spawnSync(
  process.execPath,
  [...process.execArgv, join(ROOT, "scripts/openapi.ts"), ...(isCheck ? ["--check"] : [])],
  {
    stdio: "inherit",
  },
);
if (openapi.status !== 0) process.exitCode = 1;
