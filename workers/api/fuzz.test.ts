/**
 * Throws bad bodies and queries at every route that takes one. FUZZ_RUNS sets how many for each route,
 * FUZZ_SEED where to start; a failure prints both, and the smallest case that fails.
 */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { ANY_JSON, mutants } from "../../src/shared/testing/json-mutants.ts";
import { pathAndQuery, weirdQuery } from "../../src/shared/testing/query-mutants.ts";
import { ask, type Bench, expectDeclared, keyOf, makeBench, pathOf, validBodies } from "../../src/shared/testing/route-bench.ts";
import { makeFor, type Params } from "../../src/shared/testing/route-makers.ts";
import { eventually } from "../../src/shared/testing/world.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";

// Set in vitest.config.ts; both may be empty.
const { FUZZ_RUNS, FUZZ_SEED } = env as unknown as Record<"FUZZ_RUNS" | "FUZZ_SEED", string>;
const numRuns = Number(FUZZ_RUNS || 400);
const seed = Number(FUZZ_SEED || 20_261);
const TIMEOUT_MS = 20_000 + numRuns * 100;

interface Shot {
  readonly body: string | Uint8Array;
  readonly type: string;
}

const json = (body: string | Uint8Array): Shot => ({ body, type: "application/json" });

/** The bytes of a valid body, cut off or with some of them overwritten. */
function damaged(valid: string): fc.Arbitrary<Uint8Array> {
  const bytes = new TextEncoder().encode(valid);
  return fc
    .record({
      end: fc.nat(bytes.length),
      at: fc.nat(Math.max(0, bytes.length - 1)),
      into: fc.uint8Array({ maxLength: 4 }),
      cut: fc.boolean(),
    })
    .map(({ end, at, into, cut }) => {
      const copy = cut ? bytes.slice(0, end) : bytes.slice();
      copy.set(into.slice(0, Math.max(0, copy.length - at)), Math.min(at, copy.length));
      return copy;
    });
}

const TYPES = [
  "",
  "text/csv",
  "application/json; charset=utf-16",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
  "x",
  "/",
  "application/json, text/html",
];

function shots(route: Route): fc.Arbitrary<Shot> {
  const valid = validBodies(route);
  const limit = route.maxBodyBytes ?? 65_536;
  const text = fc.constantFrom(...valid.map((body) => JSON.stringify(body)));
  return fc.oneof(
    { weight: 16, arbitrary: fc.oneof(...valid.map(mutants)).map(json) },
    { weight: 3, arbitrary: ANY_JSON.map(json) },
    { weight: 3, arbitrary: text.chain(damaged).map(json) },
    { weight: 1, arbitrary: fc.record({ body: text, type: fc.constantFrom(...TYPES) }) },
    { weight: 1, arbitrary: fc.constantFrom(limit - 1, limit, limit + 1, limit * 2).map((size) => json(" ".repeat(size))) },
  );
}

describe("no body", () => {
  for (const route of routes.filter(({ body }) => body !== undefined)) {
    describe(`to ${route.method} ${route.path}`, () => {
      let bench: Bench;
      let params: Params;
      beforeAll(async () => {
        bench = await makeBench();
        params = await makeFor(route.path, bench.owner);
      });

      it("breaks it", { timeout: 2 * TIMEOUT_MS }, async () => {
        let refused = 0;
        await fc.assert(
          fc.asyncProperty(shots(route), fc.boolean(), async ({ body, type }, isThere) => {
            const response = await ask(bench.owner, route, {
              body,
              headers: { "content-type": type },
              ...(isThere ? { params } : {}),
            });
            expect([400, 404, 409, 413, 415, 422, 429], await response.clone().text()).toContain(
              response.ok ? 400 : response.status,
            );
            await expectDeclared(route, response);
            if (response.status !== 422) return;
            refused += 1;
            const { code, errors = [] } = (await response.json()) as { code: string; errors?: unknown[] };
            if (code === "validation_failed") expect(errors.length).toBeGreaterThan(0);
          }),
          { numRuns, seed },
        );
        // What was accepted must not stick in the gate, whatever is in it.
        const { deps, tenantId } = bench.owner;
        await eventually(async () => (await deps.gate(tenantId, 0).stats()).due === 0, TIMEOUT_MS);
        expect(refused, "the fuzz reaches validation").toBeGreaterThan(numRuns / 10);
      });
    });
  }
});

describe("no query", () => {
  for (const route of routes.filter(({ query }) => query !== undefined)) {
    it(`breaks ${route.method} ${route.path}`, { timeout: TIMEOUT_MS }, async () => {
      const { owner } = await makeBench();
      await fc.assert(
        fc.asyncProperty(weirdQuery(route), async (query) => {
          const response = await owner.call(route.method, pathAndQuery(pathOf(route), query), {
            key: keyOf(route, owner),
            body: validBodies(route)[0],
          });
          expect([200, 201, 400, 404, 422], await response.clone().text()).toContain(response.status);
          await expectDeclared(route, response);
        }),
        { numRuns: Math.ceil(numRuns / 4), seed },
      );
    });
  }
});
