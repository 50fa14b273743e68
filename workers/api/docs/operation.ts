/** One operation: what it does, what it takes, what it answers, and a line to try it with. */
import { PROBLEM_TYPE } from "../../../src/shared/runtime/problem.ts";
import type { Parameter, Ref } from "../openapi/components.ts";
import type { Document } from "../openapi/document.ts";
import type { Operation } from "../openapi/operation.ts";
import type { MediaType, Response } from "../openapi/problems.ts";
import { sample } from "../openapi/sample.ts";
import { fieldsOf, resolve, rules, typeOf } from "./fields.ts";
import { type Html, html } from "./html.ts";
import { inline, prose } from "./prose.ts";

export interface Placed {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** All operations of the document, in its order. */
export function operationsOf(document: Document): Placed[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

export function operationSection(placed: Placed, document: Document, origin: string): Html {
  const { method, path, operation } = placed;
  const id = `op-${operation.operationId}`;
  return html`<section class="operation" id="${id}" aria-labelledby="${id}-title">
    <div class="words">
      <h3 id="${id}-title"><a class="anchor" href="#${id}">${operation.summary}</a></h3>
      <p class="call"><span class="method ${method.toLowerCase()}">${method}</span> <code>${breakable(path)}</code></p>
      ${operation.description === undefined ? null : prose(operation.description)}
      ${parameters(operation, document)}
      ${body(operation, document)}
      ${answers(operation, document)}
    </div>
    <div class="samples">${curl(placed, document, origin)}${answerSample(operation, document)}</div>
  </section>`;
}

/** Lets a long path break at its slashes. */
function breakable(path: string): Html {
  return html`${path.split("/").map((part, i) => (i === 0 ? html`${part}` : html`<wbr>/${part}`))}`;
}

function parameters(operation: Operation, document: Document): Html | null {
  const all = operation.parameters.map((parameter) => followParameter(parameter, document));
  // The two that every operation has are in the introduction.
  const own = all.filter(({ name }) => name !== "X-Request-Id" && name !== "traceparent");
  if (own.length === 0) return null;
  return html`<h4>Parameters</h4><dl class="fields">${own.map(
    (one) => html`<div class="field">
      <dt><code>${one.name}</code> <span class="type">${typeOf(one.schema)}, in ${one.in}</span>${
        one.required ? html` <span class="required">required</span>` : null
      }</dt>
      <dd>${one.description === undefined ? null : html`<p>${inline(one.description)}</p>`}${rules(one.schema)}</dd>
    </div>`,
  )}</dl>`;
}

function body(operation: Operation, document: Document): Html | null {
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if (media === undefined) return null;
  const { schemas } = document.components;
  return html`<h4>Body <span class="type">${type ?? ""}</span></h4>
    ${fieldsOf(resolve(media.schema, schemas), schemas) ?? html`<p>${typeOf(media.schema)}</p>`}`;
}

function answers(operation: Operation, document: Document): Html {
  const rows = Object.entries(operation.responses).map(([status, one]) => {
    const { description, content = {} } = followResponse(one, document);
    const media = Object.entries(content).find(([type]) => type !== PROBLEM_TYPE)?.[1];
    const codes = codesOf(content[PROBLEM_TYPE]);
    const own = media !== undefined || codes.length === 0;
    return html`<div class="field">
      <dt><code>${status}</code>${own ? html` <span class="type">${media ? typeOf(media.schema) : "no body"}</span>` : null}</dt>
      <dd>${own ? html`<p>${inline(description)}</p>${folded(media, document)}` : null}${codes.map(
        (code) => html`<a class="code" href="#problem-${code}"><code>${code}</code></a> `,
      )}</dd></div>`;
  });
  return html`<h4>Answers</h4><dl class="fields">${rows}</dl>`;
}

/** The fields of a body that has no name to link to. */
function folded(media: MediaType | undefined, document: Document): Html | null {
  if (media === undefined || media.schema.$ref !== undefined) return null;
  const fields = fieldsOf(media.schema, document.components.schemas);
  return fields === null ? null : html`<details><summary>Fields</summary>${fields}</details>`;
}

/** The problem codes of a response; none for an answer that is not a problem. */
function codesOf(media: MediaType | undefined): string[] {
  return media?.schema.allOf?.flatMap((part) => (part.properties?.code?.enum ?? []).map(String)) ?? [];
}

function curl({ method, path, operation }: Placed, document: Document, origin: string): Html {
  const [security] = operation.security;
  const key = security === undefined ? null : "operatorKey" in security ? "$OPERATOR_KEY" : "$CARILLON_KEY";
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const takesKey = operation.parameters.some((one) => "$ref" in one && one.$ref.endsWith("/IdempotencyKey"));
  const lines = [
    `curl ${method === "GET" ? "" : `-X ${method} `}${origin}${path.replaceAll(/\{(\w+)\}/g, "$$$1")}`,
    ...(key === null ? [] : [`-H "Authorization: Bearer ${key}"`]),
    ...(takesKey ? ['-H "Idempotency-Key: order-12345-shipped"'] : []),
    ...(media === undefined ? [] : [`-H "Content-Type: ${type}"`]),
    ...(media === undefined
      ? []
      : [type === "application/json" ? `-d '${shellQuoted(bodySample(media, document))}'` : "--data-binary @file"]),
  ];
  return codeBlock("Try it", lines.join(" \\\n  "));
}

function bodySample(media: MediaType, document: Document): string {
  const [given] = Object.values(media.examples ?? {});
  return JSON.stringify(given ? given.value : sample(media.schema, document.components.schemas), null, 2);
}

function shellQuoted(text: string): string {
  return text.replaceAll("'", "'\\''");
}

function answerSample(operation: Operation, document: Document): Html | null {
  for (const [status, one] of Object.entries(operation.responses)) {
    const media = followResponse(one, document).content?.["application/json"];
    if (media === undefined || !status.startsWith("2")) continue;
    return codeBlock(`Answer ${status}`, JSON.stringify(sample(media.schema, document.components.schemas, true), null, 2));
  }
  return null;
}

export function codeBlock(title: string, text: string): Html {
  return html`<figure><figcaption>${title}</figcaption><pre tabindex="0"><code>${text}</code></pre></figure>`;
}

function followParameter(one: Parameter | Ref, document: Document): Parameter {
  if (!("$ref" in one)) return one;
  const found = Object.entries(document.components.parameters).find(([name]) => one.$ref.endsWith(`/${name}`));
  if (!found) throw new Error(`${one.$ref} is not in the document`);
  return found[1];
}

function followResponse(one: Response | Ref, document: Document): Response {
  if (!("$ref" in one)) return one;
  const found = document.components.responses[one.$ref.slice("#/components/responses/".length)];
  if (!found) throw new Error(`${one.$ref} is not in the document`);
  return found;
}
