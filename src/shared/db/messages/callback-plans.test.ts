import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { callbackLogOf, pruneCallbacks } from "./callback-log.ts";
import { callbackPacksOf } from "./callback-packs.ts";
import { callbacksOf } from "./callbacks.ts";

const db = (env as unknown as { MESSAGES_00: D1Database }).MESSAGES_00;
const scope = { tenantId: "ten_x" };
const project = { ...scope, projectId: "prj_x" };
const places = { batch: "cpk_x", now: 1 };
const told = { messageId: "msg_1", id: "evt_1", type: "message.sent", event: "{}", mark: "x" };
const listener = { endpointId: "whk_1", projectId: "prj_x", types: ["message.sent"], state: "pending" as const };
const settled = { state: "delivered" as const, reason: null, tries: 1, attempts: [], nextAt: null };

const STATEMENTS: Record<string, (d: D1Database) => D1PreparedStatement[]> = {
  "of events": (d) => callbacksOf(d, scope).ofEvents([told], [listener], { ...places, isLimited: true }),
  "of what is written": (d) => callbacksOf(d, scope).ofWritten([told], [listener], places),
  "of new messages": (d) =>
    callbacksOf(d, scope).ofNewMessages([{ ...told, projectId: "prj_x", callbackUrl: null }], [listener], places),
  "of others": (d) =>
    callbacksOf(d, scope).ofOthers(
      [{ endpointId: "whk_1", projectId: "prj_x", id: "evt_1", type: "key.suspended", event: "{}" }],
      places,
    ),
  claim: (d) => [callbackPacksOf(d, scope).claim(["cpk_1"], "lse_1", 1, 2)],
  claimed: (d) => [callbackPacksOf(d, scope).claimed(["cpk_1"], "lse_1")],
  again: (d) => [callbackPacksOf(d, scope).insertAgain([], "cpk_1", "lse_1")],
  settle: (d) => [callbackPacksOf(d, scope).settle([{ endpointId: "whk_1", id: "evt_1", settled }], "cpk_1", "lse_1", 1)],
  finish: (d) => [callbackPacksOf(d, scope).finish("cpk_1", "lse_1")],
  restart: (d) => callbackLogOf(d, project, "whk_1").restart({ kind: "failed", from: "evt_0", to: "evt_1" }, "cpk_1", 1),
  prune: (d) => [pruneCallbacks(d, scope, "evt_1")],
};

/** Says how each statement finds its rows, in place of running it. */
function explaining() {
  const asked: Promise<string[]>[] = [];
  const fake = {
    prepare: (sql: string) => ({
      bind(...params: unknown[]) {
        const explained = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...params);
        asked.push(explained.all<{ detail: string }>().then(({ results }) => results.map(({ detail }) => detail)));
        return this;
      },
    }),
  } as unknown as D1Database;
  return { asked, fake };
}

test.each(Object.entries(STATEMENTS))(
  "callbacks '%s': rows are found by their key, and no table is read through",
  async (_, make) => {
    const { asked, fake } = explaining();
    make(fake);
    const plans = await Promise.all(asked);
    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) {
      for (const line of plan)
        expect(line, plan.join("\n")).not.toMatch(/^SCAN (messages|callbacks|callback_packs|orders|[mcpo])\b/);
      for (const line of plan.filter((one) => /SEARCH [mx]\b/.test(one))) expect(line).toContain("(tenant_id=? AND id=?)");
      for (const line of plan.filter((one) => /SEARCH (callbacks|c)\b/.test(one)))
        expect(line).toMatch(/tenant_id=\? AND endpoint_id[=>]|tenant_id=\?\)$/);
    }
  },
);
