/** How a project wants its deliveries handled, as the dispatcher knows it. */
import { Lru } from "../core/lru.ts";
import { DEFAULT_PROJECT, type ProjectSettings, parseSettings } from "../core/tenant.ts";
import { projectsOf } from "../db/control/projects.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";

const CACHE_MS = 10_000;
const CACHE_LIMIT = 1000;

/** Resolved values only: a promise of one invocation must not be awaited by another (workerd forbids it). */
const cache = new Lru<{ readonly settings: ProjectSettings; readonly until: number }>({ maxEntries: CACHE_LIMIT });

/** At most 10 s old; costs no query in between. */
export async function projectSettings(deps: Pick<Deps, "control" | "now">, scope: ProjectScope): Promise<ProjectSettings> {
  const key = cacheKey(scope);
  const now = deps.now();
  const known = cache.get(key);
  if (known && known.until > now) return known.settings;
  const row = await projectsOf(deps.control, scope).get(scope.projectId);
  const settings = row ? parseSettings(row.settings) : DEFAULT_PROJECT;
  cache.set(key, { settings, until: now + CACHE_MS });
  return settings;
}

/** The next `projectSettings` of this project reads again. */
export function forgetSettings(scope: ProjectScope): void {
  cache.delete(cacheKey(scope));
}

function cacheKey({ tenantId, projectId }: ProjectScope): string {
  return `${tenantId}/${projectId}`;
}
