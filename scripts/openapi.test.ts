import { readFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { FAULTS } from "../src/shared/core/faults.ts";
import { operationsOf } from "../workers/api/docs/operation.ts";
import { docsPage } from "../workers/api/docs/page.ts";
import { openApiDocument } from "../workers/api/openapi/document.ts";
import { byStatus, refusalsOf } from "../workers/api/openapi/refusals.ts";
import { sample } from "../workers/api/openapi/sample.ts";
import { SchemaPool } from "../workers/api/openapi/schema.ts";
import { routes } from "../workers/api/routes.ts";

const document = openApiDocument(routes);
const operations = operationsOf(document);
const page = docsPage(document, "https://api.example.com");

function validators(): (schema: object) => (value: unknown) => string | null {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: "doc", components: document.components });
  return (schema) => {
    const linked = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"doc#/components/'));
    const validate = ajv.compile(linked);
    return (value) => (validate(value) ? null : ajv.errorsText(validate.errors));
  };
}

describe("the OpenAPI document", () => {
  it("is committed as the routes say it", async () => {
    const committed = await readFile(new URL("../docs/openapi.json", import.meta.url).pathname, "utf8");
    expect(committed === `${JSON.stringify(document, null, 2)}\n`, "run: node scripts/openapi.ts").toBe(true);
  });

  it("has every route, once, under an id of its own and a tag with a description", () => {
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      routes.map(({ method, path }) => `${method} ${path}`).sort(),
    );
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(routes.length);
    for (const tag of document.tags) expect(tag.description, `workers/api/openapi/tags.ts lacks ${tag.name}`).not.toBe("");
  });

  it("gives every operation a success, and all of its refusals", () => {
    for (const route of routes) {
      const responses = document.paths[route.path]?.[route.method.toLowerCase()]?.responses ?? {};
      expect(Object.keys(responses).some((status) => /^[23]|101/.test(status))).toBe(true);
      for (const status of byStatus(refusalsOf(route)).keys()) expect(Object.keys(responses)).toContain(String(status));
      if (route.auth !== "public") expect(Object.keys(responses)).toContain("401");
    }
  });

  it("shows examples that its schemas allow", () => {
    const against = validators();
    for (const { operation } of operations) {
      for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
        if (type !== "application/json") continue;
        const check = against(media.schema);
        for (const { value } of Object.values(media.examples ?? {})) {
          expect(check(value), `${operation.operationId}: ${JSON.stringify(value)}`).toBeNull();
        }
      }
    }
    for (const response of Object.values(document.components.responses)) {
      for (const media of Object.values(response.content ?? {})) {
        const check = against(media.schema);
        for (const { value } of Object.values(media.examples ?? {})) expect(check(value)).toBeNull();
      }
    }
  });

  it("has examples that the routes' own shapes take", () => {
    for (const route of routes) {
      for (const { summary, body } of route.examples ?? []) {
        const result = (route.documentBody ?? route.body)?.safeParse(body);
        expect(result?.error?.issues ?? [], `${route.operationId}: ${summary}`).toEqual([]);
      }
    }
  });

  it("draws answers that its schemas allow", () => {
    const against = validators();
    for (const { operation } of operations) {
      for (const [status, response] of Object.entries(operation.responses)) {
        const media = "content" in response ? response.content?.["application/json"] : undefined;
        if (!media) continue;
        const drawn = sample(media.schema, document.components.schemas, true);
        expect(against(media.schema)(drawn), `${operation.operationId} ${status}`).toBeNull();
      }
    }
  });
});

describe("the docs page", () => {
  it("has a place for every operation and every refusal", () => {
    for (const { operation } of operations) expect(page).toContain(`id="op-${operation.operationId}"`);
    for (const code of Object.keys(FAULTS)) expect(page).toContain(`id="problem-${code}"`);
  });

  it("points nowhere that does not exist, and loads nothing from elsewhere", () => {
    const ids = new Set([...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids.has(target), `#${target}`).toBe(true);
    expect(page).not.toMatch(/<(link|img|iframe|object)\b|\ssrc=|@import|url\(/);
  });

  it("cannot be injected into from a description", () => {
    const [route] = routes;
    if (!route) throw new Error("there are no routes");
    const evil = "</script><script>alert(1)</script>\"'&`<img src=x onerror=alert(1)>`[x](javascript:alert(1))";
    const made = docsPage(openApiDocument([{ ...route, summary: evil, description: evil, tag: "keys" }]), 'https://"><script>');
    expect(made.match(/<script>/g)).toHaveLength(1);
    expect(made).not.toMatch(/<img|href="javascript/);
  });
});

describe("named shapes", () => {
  const inner = z.object({ n: z.number().default(1) }).meta({ id: "TestInner" });
  const outer = z.object({ inner }).meta({ id: "TestOuter" });

  it("become one component each, and two where in and out differ", () => {
    const pool = new SchemaPool();
    expect(pool.schemaOf(outer, "input")).toEqual({ $ref: "#/components/schemas/TestOuter" });
    expect(pool.schemaOf(outer, "input")).toEqual({ $ref: "#/components/schemas/TestOuter" });
    expect(pool.schemaOf(outer, "output")).toEqual({ $ref: "#/components/schemas/TestOuterOutput" });
    expect(Object.keys(pool.components())).toEqual(["TestInner", "TestInnerOutput", "TestOuter", "TestOuterOutput"]);
    expect(pool.components().TestOuterOutput).toMatchObject({
      properties: { inner: { $ref: "#/components/schemas/TestInnerOutput" } },
    });
  });

  it("must not share a name with different contents", () => {
    const pool = new SchemaPool();
    pool.schemaOf(z.object({ a: z.string() }).meta({ id: "TestSame" }), "output");
    expect(() => pool.schemaOf(z.object({ b: z.string() }).meta({ id: "TestSame" }), "output")).toThrow("TestSame");
  });
});
