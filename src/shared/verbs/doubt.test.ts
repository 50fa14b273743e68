/** A doubt is never forgotten: whatever the next holder meets first, the log says that the message may have gone out. */
import { expect, test } from "vitest";
import { shardOf, stage, submission, yes } from "../testing/stage.ts";
import { plan } from "./plan.ts";

/** An at_most_once message whose first holder died after the provider's yes. */
async function abandoned(over: Parameters<typeof submission>[1] = {}, deps: Parameters<typeof stage>[1] = {}) {
  const s = await stage(yes, deps);
  const asked = submission(s.world, { order: { ...submission(s.world).order, delivery: "at_most_once" }, ...over });
  await plan(s.deps, s.world.tenantId, [asked]);
  await shardOf(s.deps)
    .prepare("UPDATE packs SET lease = 'dead', lease_until = ?2 - 1, claims = 1 WHERE tenant_id = ?1")
    .bind(s.world.tenantId, s.clock.now)
    .run();
  return { s, id: asked.first };
}

type Abandoned = Awaited<ReturnType<typeof abandoned>>;

/** Rings until the message has ended: its status, and what its log says of doubt. */
async function ended({ s, id }: Abandoned) {
  for (let i = 0; i < 20; i++) {
    const { status, log } = await s.read(id);
    if (status !== "queued")
      return { status, doubts: log.filter(({ code }) => code === "in_doubt").length > 0, carried: s.carried };
    s.clock.now += 61_000;
    await s.ring();
  }
  throw new Error("it never ends");
}

const DOUBTED = { status: "failed", doubts: true, carried: [] };

test("a holder that has time", async () => {
  expect(await ended(await abandoned())).toEqual(DOUBTED);
});

test("a holder that has no time left to start it", async () => {
  const it = await abandoned();
  const { clock } = it.s;
  const { now } = it.s.deps;
  let calls = 0;
  // The claim takes longer than a holder may wait to start.
  const late = () => {
    calls += 1;
    if (calls === 3) clock.now += it.s.deps.timing.startWithinMs + 1;
    return now();
  };
  Object.assign(it.s.deps, { now: late });
  await it.s.ring();
  Object.assign(it.s.deps, { now });
  expect(await ended(it)).toEqual(DOUBTED);
});

test("a holder whose databases fail it", async () => {
  const it = await abandoned();
  const { control } = it.s.deps;
  const broken = new Proxy(control, {
    get: () => () => {
      throw new Error("the database is away");
    },
  });
  Object.assign(it.s.deps, { control: broken });
  await it.s.ring();
  Object.assign(it.s.deps, { control });
  expect(await ended(it)).toEqual(DOUBTED);
});

test("a holder that comes after its end", async () => {
  const it = await abandoned({ expires_at: Date.UTC(2026, 10, 20) + 1000 });
  expect(await ended(it)).toMatchObject({ status: "expired", doubts: true, carried: [] });
});
