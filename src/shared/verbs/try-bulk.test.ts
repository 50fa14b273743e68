import { expect, test } from "vitest";
import type { Submission } from "../core/message.ts";
import type { Carried } from "../ports/carrier.ts";
import { type Stage, shardOf, stage, submission } from "../testing/stage.ts";
import { plan } from "./plan.ts";

interface BulkBody {
  readonly personalizations: readonly { readonly to: readonly { readonly email: string }[] }[];
}

const accepted: Carried = { kind: "answered", status: 202, headers: new Headers({ "x-message-id": "sg-1" }), body: "" };

/** A project whose mail goes over SendGrid. What it is given is noted call by call. */
async function bulkStage(answer: (call: number, body: BulkBody) => Carried = () => accepted) {
  const calls: string[][] = [];
  const s = await stage(() => accepted, {
    carrier: {
      async carry(request): Promise<Carried> {
        const body = (await request.json()) as BulkBody;
        calls.push(body.personalizations.map((p) => p.to[0]?.email ?? ""));
        return answer(calls.length, body);
      },
    },
  });
  for (const id of s.connections) await s.world.call("DELETE", `/v1/connections/${id}`);
  const made = await s.world.call("POST", "/v1/connections", {
    body: {
      channel: "email",
      provider: "sendgrid",
      name: "SendGrid",
      priority: 1,
      settings: { from: "shop@acme.example" },
      credentials: { api_key: "SG.aaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" },
    },
  });
  if (made.status !== 201) throw new Error(await made.text());
  return { s, calls };
}

function low(s: Stage, count: number): Submission {
  const run = submission(s.world, { priority: "low" }, count);
  return {
    ...run,
    order: { ...run.order, content: { email: { subject: "Hi {{ n }}", text: "There" } } },
    to: run.to.map((to, n) => ({ ...to, variables: { n } })),
  };
}

const statuses = async (s: Stage) => {
  const { results } = await shardOf(s.deps)
    .prepare("SELECT status, COUNT(*) AS n FROM messages WHERE tenant_id = ? GROUP BY status ORDER BY status")
    .bind(s.world.tenantId)
    .all<{ status: string; n: number }>();
  return Object.fromEntries(results.map((r) => [r.status, r.n]));
};

test("low-priority mail of several packs goes in one call, each recipient once", async () => {
  const { s, calls } = await bulkStage();
  await plan(s.deps, s.world.tenantId, [low(s, 120)]);
  await s.ring();
  expect(calls).toHaveLength(1);
  expect(new Set(calls[0]).size).toBe(120);
  expect(await statuses(s)).toEqual({ sent: 120 });
});

test("two messages to one address do not share a call", async () => {
  const { s, calls } = await bulkStage();
  const run = low(s, 4);
  await plan(s.deps, s.world.tenantId, [
    { ...run, to: run.to.map((to, i) => ({ ...to, destination: `u${i % 2}@example.com` })) },
  ]);
  await s.ring();
  expect(calls.map((call) => call.length).toSorted()).toEqual([2, 2]);
});

test("an answer that never came leaves all of its call in doubt, and none of it is sent at once again", async () => {
  const { s, calls } = await bulkStage(() => ({ kind: "unknown", reason: "timeout" }));
  const run = low(s, 10);
  await plan(s.deps, s.world.tenantId, [run]);
  await s.ring();
  expect(calls).toHaveLength(1);
  expect(await s.read(run.first)).toMatchObject({ status: "queued", deliveries: [{ phase: "unknown" }] });
});

test("a call that is refused for a while is tried again as a call; a limit lets through what it grants", async () => {
  const { s, calls } = await bulkStage((n) =>
    n === 1 ? { kind: "answered", status: 429, headers: new Headers({ "retry-after": "1" }), body: "{}" } : accepted,
  );
  await plan(s.deps, s.world.tenantId, [low(s, 30)]);
  await s.ring(s.bells.splice(0));
  expect(await statuses(s)).toEqual({ queued: 30 });
  for (let i = 0; i < 12 && s.bells.length > 0; i++) {
    s.clock.now += 30_000;
    await s.ring(s.bells.splice(0));
  }
  expect(await statuses(s)).toEqual({ sent: 30 });
  expect(calls.length).toBeLessThan(14);

  let left = 7;
  const take = async (_: unknown, want: number) => {
    const granted = Math.min(left, want);
    left -= granted;
    return { granted, retryAfterMs: 2000, release: async () => undefined };
  };
  const limited = await bulkStage();
  const list = await (await limited.s.world.call("GET", "/v1/connections")).json();
  const own = (list as { data: { id: string; provider: string }[] }).data.find((c) => c.provider === "sendgrid");
  await limited.s.world.call("PATCH", `/v1/connections/${own?.id}`, { body: { limits: { rate_per_second: 7 } } });
  Object.assign(limited.s.deps, { lessor: { take } });
  await plan(limited.s.deps, limited.s.world.tenantId, [low(limited.s, 20)]);
  await limited.s.ring(limited.s.bells.splice(0));
  expect(limited.calls.map((call) => call.length)).toEqual([7]);
});
