import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { lockStateDir, StateDirInUse } from "./lock.ts";

const base = mkdtempSync(join(tmpdir(), "carillon-lock-"));
afterAll(() => rmSync(base, { recursive: true }));

function folder(...parts: string[]): string {
  const dir = join(base, ...parts);
  mkdirSync(dir, { recursive: true });
  return dir;
}

test.each([
  ["", folder("short")],
  [", however long its path", folder("a-long-name-".repeat(12), "and-another-".repeat(12))],
])("a folder has one holder%s, and the next when that one has let go", async (_, dir) => {
  const release = await lockStateDir(dir);
  await expect(lockStateDir(dir)).rejects.toThrow(StateDirInUse);
  release();
  (await lockStateDir(dir))();
});

test("what a dead holder left behind locks nobody out", async () => {
  const dir = folder("stale");
  writeFileSync(join(dir, "lock"), "");
  (await lockStateDir(dir))();
});
