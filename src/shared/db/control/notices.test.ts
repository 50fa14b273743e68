import { expect, test } from "vitest";
import { newId } from "../../core/ids.ts";
import type { NoticeType } from "../../core/notice.ts";
import { testDeps } from "../../testing/world.ts";
import { commit } from "../commit.ts";
import { insertNotice, NOTICE_DAYS, NOTICES_KEPT, noticesOf, pruneNotices } from "./notices.ts";

const deps = testDeps();
const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 1);

function stage() {
  const tenantId = newId("ten", deps.now(), deps.random);
  const write = (at: number, over: { projectId?: string | null; type?: NoticeType; subject?: string } = {}) =>
    insertNotice(
      deps.control,
      { tenantId, projectId: "prj_1", type: "connection.opened", subject: "con_1", details: { n: at }, at, ...over },
      deps.random,
    );
  const list = (filter = {}, before: string | null = null, limit = 100) =>
    noticesOf(deps.control, { tenantId }).list(filter, before, limit);
  return { tenantId, write, list };
}

test("notices come newest first, page by page, by type and by project", async () => {
  const { write, list } = stage();
  await commit(deps.control, [
    write(1),
    write(2, { type: "key.suspended" }),
    write(3, { projectId: "prj_2" }),
    write(4, { projectId: null, type: "backlog.shedding", subject: "bulk" }),
  ]);
  const times = async (...args: Parameters<typeof list>) => (await list(...args)).map(({ at }) => at);
  expect(await times()).toEqual([4, 3, 2, 1]);
  const [, second] = await list({}, null, 2);
  expect(await times({}, second?.id ?? "")).toEqual([2, 1]);
  expect(await times({ type: "key.suspended" })).toEqual([2]);
  expect(await times({ projectId: "prj_1" })).toEqual([2, 1]);
  expect(await times({ projectId: "prj_2", type: "key.suspended" })).toEqual([]);
  expect((await list())[0]).toMatchObject({ projectId: null, subject: "bulk", details: { n: 4 } });
});

test("a condition that does not hold writes no row", async () => {
  const { tenantId, list } = stage();
  const notice = { tenantId, projectId: null, type: "key.suspended" as const, subject: "key_1", details: {}, at: 1 };
  await commit(deps.control, [
    insertNotice(deps.control, notice, deps.random, { sql: "? = ?", params: [1, 2] }),
    insertNotice(deps.control, notice, deps.random, { sql: "? = ?", params: [2, 2] }),
  ]);
  expect(await list()).toHaveLength(1);
});

test("what is older than ninety days goes, and nobody else's", async () => {
  const [mine, other] = [stage(), stage()];
  const old = NOW - NOTICE_DAYS * DAY_MS - 1;
  await commit(deps.control, [
    ...Array.from({ length: 150 }, () => mine.write(old)),
    mine.write(old + 2),
    mine.write(NOW),
    other.write(old),
  ]);
  await commit(deps.control, [pruneNotices(deps.control, mine.tenantId, NOW)]);
  expect(await mine.list({}, null, 1000), "a hundred at a time").toHaveLength(52);
  await commit(deps.control, [pruneNotices(deps.control, mine.tenantId, NOW)]);
  expect((await mine.list()).map(({ at }) => at)).toEqual([NOW, old + 2]);
  expect(await other.list()).toHaveLength(1);
});

test("the newest ten thousand stay", async () => {
  const { tenantId, list } = stage();
  // As insertNotice writes them, by one statement.
  await deps.control
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO notices (tenant_id, id, project_id, type, subject, details, at)
       SELECT ?1, printf('ntc_%026d', i), NULL, 'connection.opened', 'con_1', '{}', 1 FROM n`,
    )
    .bind(tenantId, NOTICES_KEPT + 30)
    .run();
  await commit(deps.control, [pruneNotices(deps.control, tenantId, 0)]);
  const count = deps.control.prepare("SELECT COUNT(*) AS n FROM notices WHERE tenant_id = ?").bind(tenantId);
  expect(await count.first("n")).toBe(NOTICES_KEPT);
  expect((await list({}, null, 1))[0]?.id).toBe(`ntc_${String(NOTICES_KEPT + 30).padStart(26, "0")}`);
});
