/** One operation of the document, from one route. */
import type { z } from "zod";
import { SCOPES, type Scope } from "../../../src/shared/core/tenant.ts";
import type { Route } from "../route.ts";
import { type Header, headerRef, type Parameter, parameterRef, type Ref, type SECURITY_SCHEMES } from "./components.ts";
import type { MediaType, ProblemPool, Response } from "./problems.ts";
import { byStatus, isMetered, refusalsOf } from "./refusals.ts";
import { sample } from "./sample.ts";
import { COMPONENT, type Schema, type SchemaPool } from "./schema.ts";

type Security = Partial<Record<keyof typeof SECURITY_SCHEMES, readonly Scope[]>>;

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Security[];
  readonly parameters: readonly (Parameter | Ref)[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, Response | Ref>>;
}

export function operationOf(route: Route, schemas: SchemaPool, problems: ProblemPool): Operation {
  const description = descriptionOf(route);
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(description === "" ? {} : { description }),
    security: securityOf(route),
    parameters: [
      ...pathParameters(route, schemas),
      ...(route.query ? parametersOf(route.query, "query", schemas) : []),
      ...(route.idempotent ? [parameterRef("IdempotencyKey")] : []),
      parameterRef("RequestId"),
      parameterRef("Traceparent"),
    ],
    ...(route.body || route.rawBody ? { requestBody: requestBody(route, schemas) } : {}),
    responses: responsesOf(route, schemas, problems),
  };
}

/** A status that the route answers by itself and that can be a problem too has both bodies. */
function responsesOf(route: Route, schemas: SchemaPool, problems: ProblemPool): Record<string, Response | Ref> {
  const declared = declaredResponses(route, schemas);
  const refusals = [...byStatus(refusalsOf(route))].map(([status, codes]) => {
    const known = declared[status];
    if (!known) return [status, problems.responseOf(status, codes)] as const;
    return [status, { ...known, content: { ...known.content, ...problems.contentOf(status, codes) } }] as const;
  });
  return { ...declared, ...Object.fromEntries(refusals) };
}

function securityOf(route: Route): Security[] {
  if (route.auth === "public") return [];
  return route.auth === "operator" ? [{ operatorKey: [] }] : [{ apiKey: [route.auth] }];
}

function descriptionOf(route: Route): string {
  const needs = (SCOPES as readonly string[]).includes(route.auth) ? `Needs the scope \`${route.auth}\`.` : "";
  const bytes = route.body || route.rawBody ? `Takes at most ${size(route.maxBodyBytes ?? 65_536)}.` : "";
  return [route.description ?? "", [needs, bytes].filter(Boolean).join(" ")].filter(Boolean).join("\n\n");
}

function size(bytes: number): string {
  return bytes >= 1_048_576 ? `${bytes / 1_048_576} MiB` : `${bytes / 1024} KiB`;
}

/** Every `{name}` of the path is a parameter, also where the route has no shape for it. */
function pathParameters(route: Route, schemas: SchemaPool): Parameter[] {
  const shaped = route.params ? parametersOf(route.params, "path", schemas) : [];
  return [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => {
    const known = shaped.find((parameter) => parameter.name === name);
    return known ?? { name, in: "path", required: true, schema: { type: "string" } };
  });
}

function parametersOf(shape: z.ZodType, where: "path" | "query", schemas: SchemaPool): Parameter[] {
  const { properties = {}, required = [] } = inlined(schemas.schemaOf(shape, "input"), schemas);
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: where,
    required: where === "path" || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  }));
}

function inlined(schema: Schema, schemas: SchemaPool): Schema {
  return schema.$ref === undefined ? schema : (schemas.components()[schema.$ref.slice(COMPONENT.length)] ?? {});
}

function requestBody(route: Route, schemas: SchemaPool): NonNullable<Operation["requestBody"]> {
  if (!route.body)
    return { required: true, content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } } };
  const schema = schemas.schemaOf(route.documentBody ?? route.body, "input");
  const given = route.examples ?? [{ summary: route.summary, body: sample(schema, schemas.components()) }];
  const examples = given.map(({ summary, body }, i) => [`example${i + 1}`, { summary, value: body }] as const);
  return { required: true, content: { "application/json": { schema, examples: Object.fromEntries(examples) } } };
}

function declaredResponses(route: Route, schemas: SchemaPool): Record<string, Response> {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, { description, body, mediaType = "application/json", headers = {} }]) => [
      status,
      {
        description,
        headers: { ...standardHeaders(route), ...named(headers) },
        ...(body === null ? {} : { content: { [mediaType]: { schema: schemas.schemaOf(body, "output") } } }),
      },
    ]),
  );
}

function standardHeaders(route: Route): Record<string, Ref> {
  return {
    "X-Request-Id": headerRef("RequestId"),
    ...(route.idempotent ? { "Idempotent-Replayed": headerRef("IdempotentReplayed") } : {}),
    ...(isMetered(route) ? { "RateLimit-Policy": headerRef("RateLimitPolicy"), RateLimit: headerRef("RateLimit") } : {}),
  };
}

function named(headers: Readonly<Record<string, string>>): Record<string, Header> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: "string" } }]),
  );
}
