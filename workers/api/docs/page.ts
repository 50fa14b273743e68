/** The documentation as one HTML page that needs nothing else: no CDN, no font, no second request. */
import { FAULTS, type FaultCode } from "../../../src/shared/core/faults.ts";
import { PROBLEM_TYPE } from "../../../src/shared/runtime/problem.ts";
import type { Document } from "../openapi/document.ts";
import { GUIDE } from "../openapi/guide.ts";
import { exampleOf } from "../openapi/problems.ts";
import { FAULT_HELP } from "./faults.ts";
import { fieldsOf, rules, typeOf } from "./fields.ts";
import { Html, html } from "./html.ts";
import { codeBlock, operationSection, operationsOf, type Placed } from "./operation.ts";
import { inline, prose } from "./prose.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** `origin` is where the API is reached, for the lines to try. */
export function docsPage(document: Document, origin: string): string {
  const operations = operationsOf(document);
  const groups = document.tags.map((tag) => ({
    tag,
    operations: operations.filter((one) => one.operation.tags.includes(tag.name)),
  }));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${document.info.title} API</title>
<meta name="description" content="${document.info.summary}">
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header class="top">
  <a class="brand" href="#main">${document.info.title} <span>API ${document.info.version}</span></a>
  <button class="menu" type="button" aria-expanded="false" aria-controls="nav">Contents</button>
  <a class="raw" href="/openapi.json">openapi.json</a>
</header>
<nav id="nav" aria-label="Contents">${contents(groups, document)}</nav>
<main id="main">
  <section class="intro"><h1>${document.info.title} API</h1><p class="lead">${document.info.summary}</p>
  ${GUIDE.map(({ id, title, text }) => html`<section id="${id}"><h2>${title}</h2>${prose(text)}</section>`)}</section>
  ${groups.map(
    ({
      tag,
      operations: mine,
    }) => html`<section class="tag" id="${tagId(tag.name)}"><h2>${titled(tag.name)}</h2><p class="lead">${inline(tag.description)}</p>
    ${mine.map((one) => operationSection(one, document, origin))}</section>`,
  )}
  ${shapes(document)}
  ${problems()}
</main>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`.text;
}

interface Group {
  readonly tag: { readonly name: string };
  readonly operations: readonly Placed[];
}

function contents(groups: readonly Group[], document: Document): Html {
  return html`<label class="search"><span>Find an operation</span><input type="search" placeholder="send, revoke, 429 …" autocomplete="off"></label>
  <p class="none" hidden>Nothing of that name.</p>
  <h2>Guide</h2><ul>${GUIDE.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul>
  ${groups.map(
    ({ tag, operations }) =>
      html`<h2><a href="#${tagId(tag.name)}">${titled(tag.name)}</a></h2><ul>${operations.map(
        ({ method, path, operation }) => html`<li><a href="#op-${operation.operationId}" title="${method} ${path}"
        ><span class="method ${method.toLowerCase()}">${method === "DELETE" ? "DEL" : method}</span> ${operation.summary}</a></li>`,
      )}</ul>`,
  )}
  <h2><a href="#shapes">Shapes</a></h2><ul>${Object.keys(document.components.schemas).map(
    (name) => html`<li><a href="#schema-${name}">${name}</a></li>`,
  )}</ul>
  <h2><a href="#problems">Problems</a></h2><ul>${codes().map(
    (code) => html`<li><a href="#problem-${code}">${FAULTS[code].status} ${code}</a></li>`,
  )}</ul>`;
}

function titled(tag: string): string {
  return tag.charAt(0).toUpperCase() + tag.slice(1);
}

function tagId(tag: string): string {
  return `tag-${tag.replaceAll(/\W+/g, "-")}`;
}

function codes(): FaultCode[] {
  return Object.keys(FAULTS) as FaultCode[];
}

function shapes(document: Document): Html {
  const { schemas } = document.components;
  return html`<section class="tag" id="shapes"><h2>Shapes</h2><p class="lead">Bodies and answers that several operations share.</p>
  ${Object.entries(schemas).map(
    ([
      name,
      schema,
    ]) => html`<section class="shape" id="schema-${name}"><h3><a class="anchor" href="#schema-${name}">${name}</a></h3>
    ${schema.description === undefined ? null : prose(schema.description)}
    ${fieldsOf(schema, schemas) ?? html`<p>${typeOf(schema)}</p>${rules(schema)}`}</section>`,
  )}</section>`;
}

function problems(): Html {
  return html`<section class="tag" id="problems"><h2>Problems</h2>
  <p class="lead">Every refusal of every operation, by its code. All come as <code>${PROBLEM_TYPE}</code>.</p>
  ${codes().map(
    (code) => html`<section class="operation" id="problem-${code}"><div class="words">
      <h3><a class="anchor" href="#problem-${code}"><code>${code}</code></a></h3>
      <p class="call"><span class="method status">${FAULTS[code].status}</span> ${FAULTS[code].title}</p>
      <p>${inline(FAULT_HELP[code])}</p></div>
      <div class="samples">${codeBlock("Example", JSON.stringify(exampleOf(code), null, 2))}</div></section>`,
  )}</section>`;
}
