import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { newId } from "../core/ids.ts";
import { commit } from "../db/commit.ts";
import { templatesOf } from "../db/control/templates.ts";
import { forgetTemplate, loadTemplate, resolveTemplate } from "./resolve-template.ts";

const real = (env as unknown as { DB: D1Database }).DB;
const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));

/** A scope of its own with one template of `versions` versions, a clock, and a database that counts its queries. */
async function setting(versions = 2, publishedVersion: number | null = 2) {
  const scope = { tenantId: newId("ten", 1, random), projectId: newId("prj", 1, random) };
  const id = newId("tpl", 1, random);
  const repository = templatesOf(real, scope);
  const row = {
    id,
    name: "welcome",
    description: "",
    publishedVersion,
    latestVersion: versions,
    createdAt: 1,
    updatedAt: 1,
    archivedAt: null,
  };
  await commit(real, [
    repository.insert(row),
    ...Array.from({ length: versions }, (_, i) =>
      repository.insertVersion({
        templateId: id,
        version: i + 1,
        content: JSON.stringify({ sms: { text: `v${i + 1} {{ name }}` } }),
        createdAt: 1,
        createdBy: "test",
      }),
    ),
  ]);
  let queries = 0;
  const clock = { now: 1_000_000 };
  const control = new Proxy(real, {
    get(target, property) {
      if (property === "prepare") queries++;
      const value = Reflect.get(target, property) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { scope, id, repository, clock, queries: () => queries, deps: { control, now: () => clock.now } };
}

describe("resolveTemplate", () => {
  it("finds by name and by id, published or explicit", async () => {
    const { scope, id, deps } = await setting(3, 2);
    const at = (version: number) => ({ templateId: id, version, name: "welcome" });
    expect(await resolveTemplate(deps, scope, "welcome")).toEqual(at(2));
    expect(await resolveTemplate(deps, scope, id)).toEqual(at(2));
    expect(await resolveTemplate(deps, scope, "welcome:v3")).toEqual(at(3));
    expect(await resolveTemplate(deps, scope, `${id}:v1`)).toEqual(at(1));
    expect(await resolveTemplate(deps, scope, "welcome:v4")).toBeNull();
    expect(await resolveTemplate(deps, scope, "Not a reference")).toBeNull();
  });

  it("finds nothing where nothing is published, but for an explicit version", async () => {
    const { scope, deps } = await setting(1, null);
    expect(await resolveTemplate(deps, scope, "welcome")).toBeNull();
    expect(await resolveTemplate(deps, scope, "welcome:v1")).not.toBeNull();
  });

  it("asks the database nothing while it is warm, and again after 30 s", async () => {
    const { scope, deps, clock, queries } = await setting();
    await resolveTemplate(deps, scope, "welcome");
    const cold = queries();
    clock.now += 29_999;
    await resolveTemplate(deps, scope, "welcome");
    expect(queries()).toBe(cold);
    clock.now += 2;
    await resolveTemplate(deps, scope, "welcome");
    expect(queries()).toBe(cold + 1);
  });

  it("remembers that there is nothing for a second at most", async () => {
    const { scope, deps, clock, queries } = await setting();
    await resolveTemplate(deps, scope, "nope");
    await resolveTemplate(deps, scope, "nope");
    expect(queries()).toBe(1);
    clock.now += 1_001;
    await resolveTemplate(deps, scope, "nope");
    expect(queries()).toBe(2);
  });

  it("sees a change at once after it is told to forget, also when an older read is under way", async () => {
    const { scope, id, deps, repository } = await setting(2, 1);
    expect((await resolveTemplate(deps, scope, "welcome"))?.version).toBe(1);
    forgetTemplate(scope, { id, name: "welcome" });
    const older = resolveTemplate(deps, scope, "welcome");
    const change = commit(real, [repository.update(id, { publishedVersion: 2 })]).then(() =>
      forgetTemplate(scope, { id, name: "welcome" }),
    );
    await Promise.all([older, change]);
    expect((await resolveTemplate(deps, scope, "welcome"))?.version).toBe(2);
  });

  it("does not find an archived template, nor another project's or tenant's", async () => {
    const { scope, id, deps, repository } = await setting();
    await commit(real, [repository.update(id, { archivedAt: 5 })]);
    expect(await resolveTemplate(deps, scope, "welcome")).toBeNull();
    const other = await setting();
    for (const foreign of [
      { ...other.scope, tenantId: scope.tenantId },
      { ...other.scope, projectId: scope.projectId },
    ]) {
      expect(await resolveTemplate(deps, foreign, other.id)).toBeNull();
      expect(await loadTemplate(deps, foreign, other.id, 1)).toBeNull();
    }
  });
});

describe("loadTemplate", () => {
  it("compiles a version once an isolate", async () => {
    const { scope, id, deps, queries } = await setting();
    const first = await loadTemplate(deps, scope, id, 1);
    const cold = queries();
    expect(first?.sms).toBeDefined();
    expect(await loadTemplate(deps, scope, id, 1)).toBe(first);
    expect(queries()).toBe(cold);
    expect(await loadTemplate(deps, scope, id, 2)).not.toBe(first);
    expect(await loadTemplate(deps, scope, id, 3)).toBeNull();
  });
});
