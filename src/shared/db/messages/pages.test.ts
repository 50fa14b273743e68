import { describe, expect, it } from "vitest";
import { mergePages, type Page } from "./pages.ts";

interface Row {
  readonly id: string;
  readonly from: string;
}
const page = (from: string, ids: string, floor: string | null = null): Page<Row> => ({
  rows: [...ids].map((id) => ({ id, from })),
  floor,
});
const ids = (p: Page<Row>) => p.rows.map((r) => r.id).join("");

describe("pages of several sources", () => {
  it("are one page, newest first, and end where all of them end", () => {
    const merged = mergePages([page("a", "hfb"), page("b", "ge")], 10);
    expect([ids(merged), merged.floor]).toEqual(["hgfeb", null]);
  });

  it("are cut at the limit, with the last row as floor", () => {
    const merged = mergePages([page("a", "hfb"), page("b", "ge")], 3);
    expect([ids(merged), merged.floor]).toEqual(["hgf", "f"]);
  });

  it("leave what lies below a source's floor for the next page", () => {
    const merged = mergePages([page("a", "hfb"), page("b", "ge", "e")], 10);
    expect([ids(merged), merged.floor]).toEqual(["hgfe", "e"]);
    const empty = mergePages([page("a", "b"), page("b", "", "e")], 10);
    expect([ids(empty), empty.floor]).toEqual(["", "e"]);
  });

  it("show a row once, as the first source has it", () => {
    const merged = mergePages([page("a", "fe"), page("b", "fd")], 10);
    expect(merged.rows.map((r) => r.from + r.id)).toEqual(["af", "ae", "bd"]);
  });
});
