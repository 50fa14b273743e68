import { expect, test } from "vitest";
import { messageIdAt } from "../core/ids.ts";
import type { Ordering, Submission } from "../core/message.ts";
import type { Carried } from "../ports/carrier.ts";
import { no, stage, submission, yes } from "../testing/stage.ts";
import type { World } from "../testing/world.ts";
import { plan } from "./plan.ts";

/** Messages of one line, each behind the one before it. */
function line(world: World, count: number, ordering: Ordering = "wait"): Submission {
  const run = submission(world, {}, count);
  return {
    ...run,
    to: run.to.map((to) => ({ ...to, destination: "ada@example.com" })),
    after: run.to.map((_, i) => (i === 0 ? null : messageIdAt(run.first, i - 1))),
    order: { ...run.order, ordering_key: "k", ordering },
  };
}
test("messages of one line leave in the order accepted, all in one pack", async () => {
  const s = await stage(async () => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    return yes();
  });
  const run = line(s.world, 20);
  await plan(s.deps, s.world.tenantId, [run]);
  await s.ring();
  const places = s.carried.map((attempt) => attempt.slice(14, 17));
  expect(places).toHaveLength(20);
  expect(places).toEqual(places.toSorted());
});

test("one that fails for a while holds up its line, and its line alone", async () => {
  let down = true;
  const s = await stage(
    ({ attempt }): Carried => (down && attempt.slice(14, 17) === "001" ? no(503, "ServiceUnavailable") : yes()),
  );
  const [held, free] = [line(s.world, 3), submission(s.world)];
  await plan(s.deps, s.world.tenantId, [held, free]);
  await s.ring(s.bells.splice(0));
  expect(await s.read(free.first)).toMatchObject({ status: "sent" });
  expect(await s.read(messageIdAt(held.first, 2))).toMatchObject({ status: "queued", deliveries: [{ attempts: [] }] });
  down = false;
  for (let i = 0; i < 10 && s.bells.length > 0; i++) {
    s.clock.now += 15_000;
    await s.ring(s.bells.splice(0));
  }
  expect(await s.read(messageIdAt(held.first, 1))).toMatchObject({ status: "sent" });
  expect(await s.read(messageIdAt(held.first, 2))).toMatchObject({ status: "sent" });
  expect(s.carried.at(-1)?.slice(14, 17)).toBe("002");
});

test("with skip, the next one passes after one failed try; with a permanent no, any passes", async () => {
  const s = await stage(({ attempt }): Carried => (attempt.slice(14, 17) === "000" ? no(503, "ServiceUnavailable") : yes()));
  const run = line(s.world, 2, "skip");
  await plan(s.deps, s.world.tenantId, [run]);
  await s.ring(s.bells.splice(0));
  expect(await s.read(messageIdAt(run.first, 1))).toMatchObject({ status: "sent" });

  const refuses = await stage(({ attempt }): Carried => (attempt.slice(14, 17) === "000" ? no(400, "MessageRejected") : yes()));
  const waits = line(refuses.world, 2);
  await plan(refuses.deps, refuses.world.tenantId, [waits]);
  await refuses.ring(refuses.bells.splice(0));
  expect(await refuses.read(messageIdAt(waits.first, 1))).toMatchObject({ status: "sent" });
});

test("one that fails over keeps its turn, and those behind it wait for that", async () => {
  const froms: string[] = [];
  const s = await stage(
    ({ attempt, from }): Carried => {
      froms.push(`${attempt.slice(14, 17)} ${from}`);
      return from === "one@acme.example" ? no(503, "ServiceUnavailable") : yes();
    },
    {},
    ["one@acme.example", "two@acme.example"],
  );
  await plan(s.deps, s.world.tenantId, [line(s.world, 3)]);
  for (let i = 0; i < 5; i++) {
    await s.ring(s.bells.splice(0));
    s.clock.now += 15_000;
  }
  expect(froms.filter((f) => f.endsWith("two@acme.example"))).toEqual([
    "000 two@acme.example",
    "001 two@acme.example",
    "002 two@acme.example",
  ]);
});
