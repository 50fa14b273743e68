import { expect, it } from "vitest";
import { mintMessageIds } from "../core/ids.ts";
import type { Submission } from "../core/message.ts";
import { testDeps } from "../testing/world.ts";
import { plan } from "./plan.ts";

it("queues what a gate hands over as due, also where this clock runs behind the gate's", async () => {
  const deps = testDeps();
  const now = deps.now();
  const first = mintMessageIds({ at: 0, sequence: 0 }, 1, { now, dbShard: 0, gateShard: 0, random: deps.random });
  const due: Submission = {
    first,
    project_id: "prj_plan",
    mode: "test",
    priority: "normal",
    accepted_at: now - 5000,
    due_at: now,
    expires_at: null,
    order: { request_id: "req_plan", content: { sms: { text: "T" } } },
    to: [{ channel: "sms", destination: "+447700900123" }],
  };
  await plan({ ...deps, now: () => now - 1000 }, "ten_plan", [due]);
  const db = deps.shards[0] as D1Database;
  const row = await db.prepare("SELECT log FROM messages WHERE id = ?1").bind(first).first<{ log: string }>();
  expect((JSON.parse(row?.log ?? "[]") as { type: string }[]).map((e) => e.type).slice(0, 2)).toEqual(["scheduled", "queued"]);
});
