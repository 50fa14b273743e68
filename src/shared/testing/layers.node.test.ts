import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type RuleName, violations } from "./layers.ts";
import { parseFile, type SourceFile } from "./source-text.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const FOLDERS = ["workers", "durable-objects", "src"];

async function tree(): Promise<SourceFile[]> {
  const lists = await Promise.all(
    FOLDERS.map(async (folder) => (await readdir(`${ROOT}${folder}`, { recursive: true })).map((path) => `${folder}/${path}`)),
  );
  const paths = lists.flat().filter((path) => path.endsWith(".ts"));
  return Promise.all(paths.map(async (path) => ({ path, source: await readFile(`${ROOT}${path}`, "utf8") })));
}

describe("the house", () => {
  it("keeps its laws", async () => {
    const files = await tree();
    expect(files.length).toBeGreaterThan(50);
    expect(violations(files).map(({ rule, path, line, message }) => `${path}:${line} [${rule}] ${message}`)).toEqual([]);
  });
});

const core = "src/shared/core/a.ts";
const verb = "src/shared/verbs/a.ts";
const door = "workers/api/a.ts";

/** One line of code in one file. */
function one(path: string, source: string): SourceFile[] {
  return [{ path, source }];
}

const BROKEN: readonly (readonly [rule: RuleName, what: string, files: SourceFile[]])[] = [
  ["layer", "a folder without a layer", one("src/shared/things/a.ts", "export const a = 1;")],
  ["layer", "an import from a folder without a layer", one(core, 'import { b } from "../../../bench/b.ts";')],
  ["arrow", "core imports contract", one(core, 'import type { b } from "../contract/b.ts";')],
  ["arrow", "contract imports db", one("src/shared/contract/a.ts", 'import { b } from "../db/b.ts";')],
  ["arrow", "a port imports a verb", one("src/shared/ports/a.ts", 'import type { Deps } from "../verbs/deps.ts";')],
  ["arrow", "db imports a verb", one("src/shared/db/a.ts", 'export { b } from "../verbs/b.ts"; export const a = 1;')],
  ["arrow", "a provider imports an adapter", one("src/shared/providers/a.ts", 'const b = import("../adapters/b.ts");')],
  ["arrow", "a verb imports an adapter", one(verb, 'import "../adapters/b.ts";')],
  ["arrow", "an adapter imports runtime", one("src/shared/adapters/a.ts", 'import {\n  b,\n  c,\n} from "../runtime/b.ts";')],
  [
    "arrow",
    "runtime imports an object",
    one("src/shared/runtime/a.ts", 'import { b } from "../../../durable-objects/gate/b.ts";'),
  ],
  ["arrow", "an object imports a Worker", one("durable-objects/gate/a.ts", 'import { b } from "../../workers/api/b.ts";')],
  ["worker", "a Worker imports another", one(door, 'import { b } from "../webhooks/b.ts";')],
  ["testing", "a Worker imports test support", one(door, 'import { b } from "../../src/shared/testing/world.ts";')],
  ["ending", "an import without its ending", one(verb, 'import { b } from "./b";')],
  ["platform", "a verb knows the platform", one(verb, 'import { env } from "cloudflare:workers";')],
  ["platform", "core knows Node", one(core, 'import { createHash } from "node:crypto";')],
  [
    "cycle",
    "two files import each other",
    [
      { path: core, source: 'import { b } from "./b.ts"; export const a = b;' },
      { path: "src/shared/core/b.ts", source: 'import type { a } from "./a.ts"; export const b = 1;' },
    ],
  ],
  [
    "barrel",
    "a file of re-exports",
    one("src/shared/core/index.ts", '/** All. */\nexport { a } from "./a.ts";\nexport type { B } from "./b.ts";\n'),
  ],
  [
    "barrel",
    "a file that imports to export",
    one("src/shared/core/index.ts", 'import { a } from "./a.ts";\nexport { b } from "./b.ts";\nexport { a };\n'),
  ],
  ["barrel", "an export of everything", one(core, 'export * from "./b.ts"; export const a = 1;')],
  ["name", "a file called utils", one("src/shared/core/utils.ts", "export const a = 1;")],
  ["name", "a folder called helpers", one("workers/api/helpers/a.ts", "export const a = 1;")],
  ["fetch", "a verb fetches", one(verb, "export const a = async () => fetch(url);")],
  ["fetch", "a fetch by way of the global", one("src/shared/adapters/other.ts", "export const a = globalThis.fetch;")],
  ["fetch", "a fetch inside a template", one(verb, `export const a = \`\${await fetch(url)}\`;`)],
  [
    "socket",
    "an adapter opens a socket",
    one("src/shared/adapters/other.ts", "export const a = by.connect({ hostname, port });"),
  ],
  ["socket", "a verb opens a socket", one(verb, "export const a = () => connect(address);")],
  ["socket", "an object has the means to", one("durable-objects/gate/a.ts", 'import { connect } from "cloudflare:sockets";')],
  ["binding", "an object names a binding", one("durable-objects/gate/a.ts", "export const a = (env: E) => env.DB;")],
  ["binding", "a door names a binding", one(door, "export const a = (c: C) => c.env.FILES.get(key);")],
  [
    "binding",
    "a Worker's index takes a binding out",
    one("workers/api/index.ts", "export const a = (env: E) => { const { DB, FILES } = env; };"),
  ],
  ["clock", "core reads the clock", one(core, "export const a = () => Date.now();")],
  ["clock", "contract reads the clock", one("src/shared/contract/a.ts", "export const a = () => new Date();")],
  ["clock", "db makes an id", one("src/shared/db/a.ts", "export const a = () => crypto.randomUUID();")],
  ["clock", "a verb rolls dice", one(verb, "export const a = () => Math.random();")],
  ["clock", "a provider makes random bytes", one("src/shared/providers/a.ts", "crypto.getRandomValues(new Uint8Array(8));")],
  ["commit", "a door commits", one(door, 'import { commit } from "../../src/shared/db/commit.ts";')],
  ["size", "a file of 401 lines", one(core, "export const a = 1;\n".repeat(401))],
  ["any", "a parameter of type any", one(core, "export const a = (b: any) => b;")],
  ["any", "a cast to any, in a test", one("src/shared/core/a.test.ts", "const a = b as any;")],
  ["any", "any inside a type", one(core, "export type A = Record<string, any>;")],
  ["todo", "a promise in a comment", one(core, "// TODO: later\nexport const a = 1;")],
  ["todo", "a promise in a block comment", one(core, "/* x\n * FIXME */\nexport const a = 1;")],
  ["focus", "a test that runs alone", one("src/shared/core/a.test.ts", 'it.only("x", () => {});')],
  ["focus", "a test that is left out", one("src/shared/core/a.test.ts", 'describe.skip("x", () => {});')],
  ["swallow", "an error that is dropped", one(core, "try { a(); } catch {}")],
];

const SOUND: readonly (readonly [what: string, files: SourceFile[]])[] = [
  [
    "a door uses every layer below",
    one(door, 'import { a } from "../../src/shared/verbs/a.ts"; import { b } from "../../src/shared/db/b.ts"; a(b);'),
  ],
  ["an index hands env on", one("workers/api/index.ts", "export default { fetch: (r: Request, env: E) => app.fetch(r, env) };")],
  [
    "a Worker has a method called fetch",
    one("workers/api/index.ts", "export default { async fetch(r: Request, env: E) { return app.fetch(r, env); } };"),
  ],
  [
    "a Worker's fetch says its type",
    one("workers/api/index.ts", "export default { fetch(r: Request): Promise<Response> { return go(r); } };"),
  ],
  ["the carrier of sockets opens one", one("src/shared/adapters/socket-carrier.ts", "export const a = (c: C) => c.connect(x);")],
  ["wire has the means", one("src/shared/runtime/wire.ts", 'import { connect } from "cloudflare:sockets"; f(connect);')],
  ["a word that begins like it", one(verb, "reconnect(a); connected(b); a.disconnect();")],
  ["the carrier fetches", one("src/shared/adapters/fetch-carrier.ts", "export const a = (r: Request) => fetch(r);")],
  ["wire names bindings", one("src/shared/runtime/wire.ts", "export const a = (env: E) => env.DB;")],
  ["a date of a given time", one(core, "export const a = (now: number) => new Date(now).toISOString();")],
  ["a door reads the clock", one("workers/api/a.ts", "export const a = () => Date.now();")],
  [
    "words in strings, comments and patterns",
    one(core, `export const a = "as any TODO"; // :any Date.now()\nexport const b = /:any/.test(\`fetch(x) : any \${a}\`);`),
  ],
  ["a division is no pattern", one(core, "export const a = (b: number) => b / 2; export const c = 'x'.length / a(1);")],
  ["Promise.any, a field and a value called any", one(core, "const any = 1; export const a = { any: Promise.any([any, 2]) };")],
  ["a dropped error that says why", one(core, "try { a(); } catch {\n  // It was gone already.\n}")],
  ["a file of 400 lines", one(core, "export const a = 1;\n".repeat(400))],
  [
    "a test reads the clock and imports test support",
    one("src/shared/verbs/a.test.ts", 'import { w } from "../testing/world.ts"; Date.now();'),
  ],
  [
    "an entry exports classes by name",
    one(
      "workers/dispatcher/index.ts",
      'export { Gate } from "../../durable-objects/gate/index.ts";\nexport default { go() {} };',
    ),
  ],
  ["generated types", one("workers/api/env.d.ts", "export type A = any;")],
];

describe("the test of the house", () => {
  it.each(BROKEN)("finds [%s]: %s", (rule, _, files) => {
    expect(violations(files).map((found) => found.rule)).toContain(rule);
    expect(new Set(violations(files).map((found) => found.rule)).size).toBe(1);
  });

  it.each(SOUND)("lets pass: %s", (_, files) => {
    expect(violations(files)).toEqual([]);
  });

  it("has a broken example of every rule", () => {
    const shown = new Set(BROKEN.map(([rule]) => rule));
    const rules: Record<RuleName, true> = {
      layer: true,
      arrow: true,
      worker: true,
      testing: true,
      ending: true,
      platform: true,
      cycle: true,
      barrel: true,
      name: true,
      fetch: true,
      socket: true,
      binding: true,
      clock: true,
      commit: true,
      size: true,
      any: true,
      todo: true,
      focus: true,
      swallow: true,
    };
    expect([...shown].sort()).toEqual(Object.keys(rules).sort());
  });

  it("says where", () => {
    expect(violations(one(core, "export const a = 1;\n\nexport const b = Date.now();"))).toMatchObject([{ path: core, line: 3 }]);
  });

  it("sees every way to import", () => {
    const source = `import a from "./a.ts"; import type { B } from './b.ts';
      export { c } from "./c.ts"; import "./d.ts"; const e = await import("./e.ts"); const f = "import x from './no.ts'"; // import "./no.ts"
      import {
        g, // a comment with "quotes" and ; and from
      } from "zod";`;
    expect(parseFile({ path: "src/x/y.ts", source }).imports.map(({ target, specifier }) => target ?? specifier)).toEqual([
      "src/x/a.ts",
      "src/x/b.ts",
      "src/x/c.ts",
      "src/x/d.ts",
      "src/x/e.ts",
      "zod",
    ]);
  });
});
