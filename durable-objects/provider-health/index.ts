/**
 * ProviderHealth: the circuit breaker of one connection, named `ten_…/con_…`. A shell: what it decides is in
 * core/breaker.ts, what it tells in verbs/tell-health.ts. Written when something turned, never for a mere count.
 */
import { parseHealthName, type RemoteHealth } from "../../src/shared/adapters/health-objects.ts";
import {
  atTime,
  type Breaker,
  FRESH,
  fold,
  isWorthKeeping,
  mended,
  startProbe,
  type Turn,
  turnOf,
} from "../../src/shared/core/breaker.ts";
import type { Report } from "../../src/shared/core/health-report.ts";
import type { Probing } from "../../src/shared/ports/health.ts";
import { ledgerOf } from "../../src/shared/runtime/ledger.ts";
import { type DispatcherBindings, type ObjectDeps, objectDeps } from "../../src/shared/runtime/wire.ts";
import { type HealthNews, tellHealth } from "../../src/shared/verbs/tell-health.ts";
import { IttyDurable } from "./itty.ts";

const TELL_AGAIN_MS = 30_000;
/** News of a database that is away for long; what it would be told first is old by then. */
const MOST_UNTOLD = 50;

/** What survives an eviction. */
interface Kept {
  readonly breaker: Breaker;
  /** In their order. */
  readonly untold: readonly HealthNews[];
}

export class ProviderHealth extends IttyDurable implements RemoteHealth {
  /** All that itty-durable stores of it: the only member that is no private one. */
  kept: Kept = { breaker: FRESH, untold: [] };
  readonly #deps: ObjectDeps;
  readonly #env: DispatcherBindings;
  readonly #place: { readonly tenantId: string; readonly connectionId: string };
  /** For log lines. */
  readonly #ids: { readonly tenant_id: string; readonly connection_id: string };
  #breaker: Breaker = FRESH;
  #isTelling = false;

  constructor(ctx: DurableObjectState, env: DispatcherBindings) {
    ledgerOf(env)?.object(ctx);
    // Without the bindings: itty-durable would lay each of them over the state.
    super(ctx, {});
    this.#deps = objectDeps(env);
    this.#env = env;
    this.#place = parseHealthName(ctx.id.name ?? "");
    this.#ids = { tenant_id: this.#place.tenantId, connection_id: this.#place.connectionId };
    // Before an alarm too, which else would see, and then store, an empty object.
    this.block(async () => {
      await this.loadFromStorage();
      this.#breaker = this.kept.breaker;
    });
  }

  async read(): Promise<Breaker> {
    this.#breaker = atTime(this.#breaker, this.#deps.now());
    return this.#breaker;
  }

  async report(reportJson: string): Promise<Breaker> {
    const { now, timing } = this.#deps;
    // adapters/health-objects.ts wrote it.
    const report = JSON.parse(reportJson) as Report;
    return this.#become(fold(this.#breaker, report, { now: now(), openMs: timing.breakerOpenMs }), "report");
  }

  async probe(): Promise<Probing> {
    const { now, timing } = this.#deps;
    const { n, breaker } = startProbe(this.#breaker, now(), timing.leaseMs);
    return { n, breaker: await this.#become(breaker, "probe") };
  }

  async mend(): Promise<Breaker> {
    return this.#become(mended(this.#breaker, this.#deps.now()), "hand");
  }

  async alarm(): Promise<void> {
    ledgerOf(this.#env)?.add("object_requests");
    await this.#tell();
  }

  /** State, news and the alarm behind them are one write: the answer waits until it is durable. */
  async #become(next: Breaker, by: "report" | "probe" | "hand"): Promise<Breaker> {
    const turn = turnOf(this.#breaker, next);
    this.#breaker = next;
    const news = turn === null ? null : this.#newsOf(turn, next, by);
    if (news === null && !isWorthKeeping(this.kept.breaker, next)) return next;
    this.kept = { breaker: next, untold: news === null ? this.kept.untold : [...this.kept.untold, news].slice(-MOST_UNTOLD) };
    const written = this.persist();
    if (news !== null) {
      await Promise.all([written, this.setAlarm(next.at + TELL_AGAIN_MS)]);
      this.state.waitUntil(this.#tell());
    } else await written;
    return next;
  }

  /** Logs every turn; a failed probe is none to write home about. */
  #newsOf(turn: Turn, breaker: Breaker, by: string): HealthNews | null {
    const { log, random } = this.#deps;
    const { code, failures, until, since } = breaker;
    log({
      level: turn === "misconfigured" ? "error" : "warn",
      event: `connection_${turn}`,
      ...this.#ids,
      code,
      failures,
      until,
      by,
    });
    if (turn === "reopened") return null;
    const details = turn === "closed" ? { by } : { code, consecutive_failures: failures, since, until };
    return { type: `connection.${turn}`, at: breaker.at, details, salt: [...random(16)] };
  }

  /** Never throws: what could not be told stays kept, and the alarm comes again. */
  async #tell(): Promise<void> {
    if (this.#isTelling || this.kept.untold.length === 0) return;
    this.#isTelling = true;
    try {
      for (let news = this.kept.untold[0]; news !== undefined; news = this.kept.untold[0]) {
        await tellHealth(this.#deps, this.#place, news);
        const told = news;
        this.kept = { ...this.kept, untold: this.kept.untold.filter((one) => one !== told) };
      }
      await Promise.all([this.persist(), this.deleteAlarm()]);
    } catch (error) {
      this.#deps.log({ level: "error", event: "notice_not_written", ...this.#ids, error: String(error) });
      await this.setAlarm(this.#deps.now() + TELL_AGAIN_MS);
    } finally {
      this.#isTelling = false;
    }
  }
}
