/** Whether everything that the platform stands on answers, and how fast. */
import type { Deps } from "./deps.ts";

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly latencyMs: number;
  /** `ok`, or what is wrong. */
  readonly detail: string;
}

/** A dependency that does not answer within this is down. */
const PATIENCE_MS = 3_000;
/** A gate of no tenant: it answers and holds nothing. */
const PROBE_TENANT = "healthz";

type HealthDeps = Pick<Deps, "control" | "shards" | "files" | "gate" | "desk" | "webhooks" | "now">;

export async function checkHealth(deps: HealthDeps): Promise<{ ok: boolean; checks: Check[] }> {
  const checks = await Promise.all([
    check(deps, "control_database", async () => void (await deps.control.prepare("SELECT 1").first())),
    ...deps.shards.map((db, i) => check(deps, `message_database_${i}`, async () => void (await db.prepare("SELECT 1").first()))),
    check(deps, "files", async () => void (await deps.files.head(PROBE_TENANT))),
    check(deps, "gate", async () => void (await deps.gate(PROBE_TENANT, 0).stats())),
    check(deps, "dispatcher", () => askDispatcher(deps)),
    check(deps, "webhooks", () => askWebhooks(deps)),
  ]);
  return { ok: checks.every((c) => c.ok), checks };
}

async function check(deps: Pick<Deps, "now">, name: string, ask: () => Promise<void>): Promise<Check> {
  const startedAt = deps.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${PATIENCE_MS} ms`), PATIENCE_MS);
  });
  const answer = await Promise.race([
    ask().then(
      () => "ok",
      (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 200),
    ),
    patience,
  ]);
  clearTimeout(timer);
  return { name, ok: answer === "ok", latencyMs: deps.now() - startedAt, detail: answer };
}

async function askDispatcher({ desk }: Pick<Deps, "desk">): Promise<void> {
  const health = await desk.health();
  if (health.ok) return;
  const wrong = Object.entries(health.checks).filter(([, answer]) => answer !== "ok");
  throw new Error(wrong.map(([name, answer]) => `${name}: ${answer}`).join("; "));
}

async function askWebhooks({ webhooks }: Pick<Deps, "webhooks">): Promise<void> {
  const response = await webhooks.fetch("http://webhooks/healthz");
  await response.body?.cancel();
  if (response.status !== 200) throw new Error(`answered ${response.status}`);
}
