import { expect, it } from "vitest";
import { shardOf, stage, submission, yes } from "../testing/stage.ts";
import { cancelMessage } from "./cancel-message.ts";
import { plan } from "./plan.ts";

/** A planned message, and whether it can be cancelled now. */
async function planned() {
  const s = await stage(yes);
  const asked = submission(s.world);
  await plan(s.deps, s.world.tenantId, [asked]);
  const id = asked.first;
  const packs = (sql: string) => shardOf(s.deps).prepare(sql).bind(s.world.tenantId, s.clock.now).run();
  const cancel = () => cancelMessage(s.deps, { ...s.world, gateShards: 1 }, id);
  return { s, id, cancel, packs };
}

it("cancels what nobody has claimed, and a bell that rings later sends nothing", async () => {
  const { s, id, cancel } = await planned();
  expect((await cancel()).message.status).toBe("cancelled");
  await s.ring();
  expect(s.carried).toEqual([]);
  expect((await s.read(id)).log.map(({ type }) => type)).toEqual(["queued", "cancelled"]);
});

it("does not cancel what somebody is sending", async () => {
  const { cancel, packs } = await planned();
  await packs("UPDATE packs SET lease = 'alive', lease_until = ?2 + 45000, claims = 1 WHERE tenant_id = ?1");
  await expect(cancel()).rejects.toMatchObject({ code: "conflict" });
});

it("does not call cancelled what a holder that died may have sent, until the log says so", async () => {
  const { s, id, cancel, packs } = await planned();
  await packs("UPDATE packs SET lease = 'dead', lease_until = ?2 - 1, claims = 1 WHERE tenant_id = ?1");
  await expect(cancel()).rejects.toMatchObject({
    code: "conflict",
    details: { detail: "The message is being sent at this moment." },
  });
  await s.ring();
  expect((await cancel()).message.status).toBe("cancelled");
  expect((await s.read(id)).log.map(({ type, code }) => code ?? type)).toEqual(["queued", "in_doubt", "cancelled"]);
  expect(s.carried).toEqual([]);
});
