/** What holds for the surface as a whole: paths, methods, and that lists show nobody what is not theirs. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Route } from "../../../workers/api/route.ts";
import { type Bench, expectProblem, keyOf, makeBench } from "./route-bench.ts";
import { MAKERS, makeFor } from "./route-makers.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

export function describeSurface(routes: readonly Route[]): void {
  describe("the surface", () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await makeBench();
    });

    it.each([...new Set(routes.map(({ path }) => path))])("%s answers 405 to other methods, and names its own", async (path) => {
      const mine = routes.filter((route) => answers(route.path, path));
      const [first] = mine;
      if (!first) throw new Error("a path without a route");
      const allowed = [...new Set(mine.map(({ method }) => method))].sort();
      for (const method of METHODS.filter((one) => !allowed.includes(one))) {
        const response = await bench.owner.call(method, path.replaceAll(/\{\w+\}/g, "x"), { key: keyOf(first, bench.owner) });
        await expectProblem(response, "method_not_allowed");
        expect(response.headers.get("allow")?.split(", ").sort()).toEqual(allowed);
      }
    });

    it.each(["/nowhere", "/v1", "/v1/", "/v1/nowhere", "/v1/keys/a/b/c/d", "/v1/%2e%2e/admin", "//", "/V1/KEYS", "/v1/keys//"])(
      "%s is not there, in problem+json, whatever the method",
      async (path) => {
        for (const method of METHODS) {
          for (const key of [bench.owner.liveKey, null]) {
            const response = await bench.owner.call(method, path, { key });
            await expectProblem(response, "not_found");
          }
        }
      },
    );

    it("has an operation id and a place of its own for every route", () => {
      expect(new Set(routes.map(({ operationId }) => operationId)).size).toBe(routes.length);
      expect(new Set(routes.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`)).size).toBe(
        routes.length,
      );
    });

    it("shows nobody in a list what belongs to another tenant or project", async () => {
      const { owner, stranger, sibling } = bench;
      const made = await Promise.all(Object.keys(MAKERS).map((prefix) => makeFor(`${prefix}{id}`, owner)));
      const theirs = [owner.projectId, ...made.flatMap((params) => Object.values(params))].filter((id) => id.length > 20);
      expect(theirs.length).toBeGreaterThan(4);
      const lists = routes.filter(
        ({ method, path, auth }) => method === "GET" && !path.includes("{") && auth !== "operator" && auth !== "public",
      );
      const seen = await Promise.all(lists.map(async (list) => (await owner.call("GET", list.path)).text()));
      expect(theirs.filter((id) => seen.some((text) => text.includes(id))).length, "the owner sees them").toBeGreaterThan(3);
      for (const list of lists) {
        for (const other of list.tenantWide ? [stranger] : [stranger, sibling]) {
          const text = await (await other.call("GET", list.path)).text();
          for (const id of theirs) expect(text, `${list.path} shows ${id}`).not.toContain(id);
        }
      }
    });
  });
}

/** Whether a call of `path` finds the route at `pattern`: `/v1/keys/replay` is also a value of `/v1/keys/{id}`. */
function answers(pattern: string, path: string): boolean {
  const given = path.split("/");
  const parts = pattern.split("/");
  return parts.length === given.length && parts.every((part, i) => part.startsWith("{") || part === given[i]);
}
