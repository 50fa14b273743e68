import { Script } from "node:vm";
import { describe, expect, it } from "vitest";
import { SCRIPT as DOCS } from "../../../workers/api/docs/script.ts";
import { SCRIPT as SANDBOX } from "../../../workers/api/pages/sandbox/script.ts";

describe("the scripts of pages", () => {
  it.each([
    ["docs", DOCS],
    ["sandbox", SANDBOX],
  ])("of %s parse, and cannot end their own element", (_, script) => {
    expect(() => new Script(script)).not.toThrow();
    expect(script).not.toMatch(/<\/script|<!--/i);
  });

  it("of the sandbox put nothing into the page as HTML", () => {
    expect(SANDBOX).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
  });
});
