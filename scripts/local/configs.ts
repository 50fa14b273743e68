/** The three Workers as their wrangler.toml files describe them: the same files that are deployed. */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type SourcelessWorkerOptions,
  type Unstable_Config,
  unstable_getMiniflareWorkerOptions,
  unstable_readConfig,
} from "wrangler";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The api Worker first: it gets the port. */
export const CONFIG_PATHS = ["wrangler.toml", "workers/dispatcher/wrangler.toml", "workers/webhooks/wrangler.toml"] as const;

export interface WorkerConfig {
  readonly name: string;
  /** The entry point, absolute. */
  readonly main: string;
  /** Everything but the code, in the shape that Miniflare took up to version 4. */
  readonly options: SourcelessWorkerOptions;
  /** `[vars]`. */
  readonly vars: Readonly<Record<string, unknown>>;
  readonly databases: readonly Database[];
}

export interface Database {
  readonly worker: string;
  readonly binding: string;
  readonly id: string;
  /** Absolute. */
  readonly migrationsDir: string;
}

export function readWorkers(): WorkerConfig[] {
  return CONFIG_PATHS.map((path) => {
    const file = join(ROOT, path);
    const config = unstable_readConfig({ config: file });
    const { workerOptions, main } = unstable_getMiniflareWorkerOptions(config);
    const { name } = config;
    if (name === undefined || main === undefined) throw new Error(`${path} has no name or no main`);
    return {
      name,
      main: resolve(dirname(file), main),
      options: workerOptions,
      vars: config.vars,
      databases: databasesOf(config, name, file),
    };
  });
}

function databasesOf(config: Unstable_Config, worker: string, file: string): Database[] {
  return config.d1_databases.map(({ binding, database_id: id, migrations_dir: dir }) => {
    if (id === undefined || dir === undefined) throw new Error(`${file}: ${binding} has no database_id or no migrations_dir`);
    return { worker, binding, id, migrationsDir: resolve(dirname(file), dir) };
  });
}
