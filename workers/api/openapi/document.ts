/** The API as one OpenAPI 3.1 document, read from the route table. */
import { problemShape } from "../../../src/shared/contract/problem.ts";
import type { Route } from "../route.ts";
import { HEADERS, PARAMETERS, SECURITY_SCHEMES } from "./components.ts";
import { GUIDE } from "./guide.ts";
import { type Operation, operationOf } from "./operation.ts";
import { ProblemPool, type Response } from "./problems.ts";
import { type Schema, SchemaPool } from "./schema.ts";
import { TAGS } from "./tags.ts";

export interface Document {
  readonly openapi: "3.1.1";
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly summary: string;
    readonly description: string;
    readonly license: { readonly name: string; readonly identifier: string };
  };
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Response>>;
    readonly parameters: typeof PARAMETERS;
    readonly headers: typeof HEADERS;
    readonly securitySchemes: typeof SECURITY_SCHEMES;
  };
}

export function openApiDocument(routes: readonly Route[]): Document {
  const schemas = new SchemaPool();
  const problems = new ProblemPool(schemas.schemaOf(problemShape, "output"));
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const item = paths[route.path] ?? {};
    item[route.method.toLowerCase()] = operationOf(route, schemas, problems);
    paths[route.path] = item;
  }
  const used = new Set(routes.map((route) => route.tag));
  return {
    openapi: "3.1.1",
    info: {
      title: "Carillon",
      version: "1.0.0",
      summary: "Notifications at the edge: one API for email, SMS, push, WhatsApp, in-app and chat.",
      description: GUIDE.map(({ title, text }) => `## ${title}\n\n${text}`).join("\n\n"),
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "The deployment that serves this document." }],
    tags: [
      ...Object.entries(TAGS).filter(([name]) => used.has(name)),
      ...[...used].filter((name) => !Object.hasOwn(TAGS, name)).map((name) => [name, ""] as const),
    ].map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: schemas.components(),
      responses: problems.components(),
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}
