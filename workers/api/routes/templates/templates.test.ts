import { beforeAll, describe, expect, test } from "vitest";
import { makeWorld, type World } from "../../../../src/shared/testing/world.ts";
import { resolveTemplate } from "../../../../src/shared/verbs/resolve-template.ts";

interface Template {
  readonly id: string;
  readonly name: string;
  readonly published_version: number | null;
  readonly latest_version: number;
  readonly [field: string]: unknown;
}
interface Problem {
  readonly code: string;
  readonly errors?: { path: string; message: string }[];
}

let world: World;
let serial = 0;

beforeAll(async () => {
  world = await makeWorld();
});

const sms = (text: string) => ({ sms: { text } });

async function ok<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await world.call(method, path, { body });
  expect(response.ok, `${method} ${path}: ${await response.clone().text()}`).toBe(true);
  return response.json();
}

async function refused(status: number, method: string, path: string, body?: unknown): Promise<Problem> {
  const response = await world.call(method, path, { body });
  expect(response.status, await response.clone().text()).toBe(status);
  return response.json();
}

async function create(over: object = {}): Promise<Template> {
  return ok("POST", "/v1/templates", { name: `t_${++serial}`, content: sms("v1 {{ name }}"), ...over });
}

async function auditOf(target: string): Promise<string[]> {
  const { results } = await world.deps.control
    .prepare("SELECT action FROM audit WHERE tenant_id = ?1 AND target = ?2 ORDER BY at, rowid")
    .bind(world.tenantId, target)
    .all<{ action: string }>();
  return results.map((r) => r.action);
}

const versionOf = async (ref: string) => (await resolveTemplate(world.deps, world, ref))?.version;

describe("templates", () => {
  test("are made, read by id, name and version, listed and described", async () => {
    const made = await create({ name: "order.shipped-1", description: "d" });
    expect(made).toMatchObject({ project_id: world.projectId, published_version: 1, latest_version: 1, archived_at: null });
    const full = { ...made, version: 1, content: sms("v1 {{ name }}") };
    for (const ref of [made.id, "order.shipped-1", "order.shipped-1:v1", `${made.id}:v1`]) {
      expect(await ok("GET", `/v1/templates/${ref}`)).toEqual(full);
    }
    await refused(404, "GET", "/v1/templates/order.shipped-1:v2");
    expect((await ok<{ data: Template[] }>("GET", "/v1/templates?limit=100")).data[0]).toEqual(made);
    expect(await ok("PATCH", `/v1/templates/${made.id}`, { description: "e" })).toMatchObject({ description: "e" });
    await refused(422, "PATCH", `/v1/templates/${made.id}`, { name: "other" });
    expect(await auditOf(made.id)).toEqual(["template.created", "template.updated"]);
  });

  test("have names of their own in the project", async () => {
    await create({ name: "taken" });
    expect((await refused(409, "POST", "/v1/templates", { name: "taken", content: sms("x") })).code).toBe("already_exists");
    const stranger = await makeWorld();
    const response = await stranger.call("POST", "/v1/templates", { body: { name: "taken", content: sms("x") } });
    expect(response.status).toBe(201);
    for (const name of ["Upper", "with space", "-a", "", "a".repeat(101), "a:v1", "a~b"]) {
      await refused(422, "POST", "/v1/templates", { name, content: sms("x") });
    }
  });

  test("are refused with every flaw of every field at its place", async () => {
    const content = {
      email: { subject: "{{ a", html: "{% if x %}" },
      sms: { text: "{{ a | nope }}" },
      push: { title: "ok", body: "ok" },
    };
    const problem = await refused(422, "POST", "/v1/templates", { name: "bad", content });
    expect(problem.code).toBe("template_invalid");
    expect(problem.errors?.map((e) => e.path)).toEqual(["content.email.subject", "content.email.html", "content.sms.text"]);
    expect(problem.errors?.[2]?.message).toContain("undefined filter: nope");
    expect((await refused(422, "POST", "/v1/templates", { name: "bad", content: {} })).code).toBe("validation_failed");
    const { id } = await create();
    expect((await refused(422, "POST", `/v1/templates/${id}/versions`, { content: sms("{{") })).code).toBe("template_invalid");
  });

  test("take 256 KiB of content and no more", async () => {
    const html = `{{ a }}${"é".repeat(131_068)}`;
    await create({ content: { email: { subject: "s", html } } });
    await refused(422, "POST", "/v1/templates", { name: "large", content: { email: { subject: "s", html: `${html}éé` } } });
  });
});

describe("versions", () => {
  test("count up, are published unless told otherwise, and never change", async () => {
    const { id, name } = await create();
    const two = await ok<Template>("POST", `/v1/templates/${id}/versions`, { content: sms("v2") });
    expect(two).toMatchObject({
      template_id: id,
      version: 2,
      is_published: true,
      created_by: expect.stringMatching(/^key:key_/),
    });
    expect(await ok("POST", `/v1/templates/${name}/versions`, { content: sms("v3"), publish: false })).toMatchObject({
      version: 3,
      is_published: false,
    });
    expect(await ok("GET", `/v1/templates/${id}`)).toMatchObject({ version: 2, published_version: 2, latest_version: 3 });
    const { data } = await ok<{ data: { version: number; content: unknown; is_published: boolean }[] }>(
      "GET",
      `/v1/templates/${id}/versions`,
    );
    expect(data.map((v) => [v.version, v.content, v.is_published])).toEqual([
      [3, sms("v3"), false],
      [2, sms("v2"), true],
      [1, sms("v1 {{ name }}"), false],
    ]);
    const first = await ok<{ data: unknown[]; next_cursor: string }>("GET", `/v1/templates/${id}/versions?limit=2`);
    const second = await ok<{ data: unknown[]; next_cursor: null }>(
      "GET",
      `/v1/templates/${id}/versions?limit=2&cursor=${first.next_cursor}`,
    );
    expect([...first.data, ...second.data]).toEqual(data);
    expect(second.next_cursor).toBeNull();
  });

  test("that are added at once are as many versions, and each keeps its own content", async () => {
    const { id } = await create();
    const texts = Array.from({ length: 8 }, (_, i) => `text ${i}`);
    const added = await Promise.all(
      texts.map((text) => ok<{ version: number }>("POST", `/v1/templates/${id}/versions`, { content: sms(text) })),
    );
    expect(added.map((v) => v.version).sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    for (const [i, { version }] of added.entries()) {
      expect(await ok("GET", `/v1/templates/${id}:v${version}`)).toMatchObject({ content: sms(texts[i] ?? "") });
    }
    expect(await ok("GET", `/v1/templates/${id}`)).toMatchObject({ latest_version: 9, published_version: 9 });
    expect((await auditOf(id)).filter((action) => action === "template.version_added")).toHaveLength(8);
  });

  test("are published and rolled back, and sends see it at once", async () => {
    const { id, name } = await create({ publish: false });
    expect(await versionOf(name)).toBeUndefined();
    await ok("POST", `/v1/templates/${id}/publish`, { version: 1 });
    expect(await versionOf(name)).toBe(1);
    await ok("POST", `/v1/templates/${id}/versions`, { content: sms("v2") });
    await ok("POST", `/v1/templates/${id}/versions`, { content: sms("v3") });
    expect(await versionOf(name)).toBe(3);
    expect(await ok("POST", `/v1/templates/${id}/rollback`, {})).toMatchObject({ published_version: 2 });
    expect(await versionOf(name)).toBe(2);
    expect(await ok("POST", `/v1/templates/${id}/rollback`, { version: 1 })).toMatchObject({ published_version: 1 });
    expect(await versionOf(name)).toBe(1);
    expect((await refused(409, "POST", `/v1/templates/${id}/rollback`, {})).code).toBe("conflict");
    expect((await refused(422, "POST", `/v1/templates/${id}/publish`, { version: 4 })).errors).toMatchObject([
      { path: "version" },
    ]);
    expect(await auditOf(id)).toEqual([
      "template.created",
      "template.published",
      "template.version_added",
      "template.version_added",
      "template.rolled_back",
      "template.rolled_back",
    ]);
  });
});

describe("archiving", () => {
  test("ends new use at once, frees the name, and can be repeated", async () => {
    const { id } = await create({ name: "old" });
    expect(await versionOf("old:v1")).toBe(1);
    const archived = await ok<Template>("DELETE", "/v1/templates/old");
    expect(archived).toMatchObject({ id, name: "old", archived_at: expect.any(String) });
    expect(await ok("DELETE", `/v1/templates/${id}`)).toEqual(archived);
    for (const ref of ["old", "old:v1", id, `${id}:v1`]) expect(await versionOf(ref)).toBeUndefined();
    await refused(404, "GET", "/v1/templates/old");
    expect(await ok("GET", `/v1/templates/${id}`)).toMatchObject({ name: "old", content: sms("v1 {{ name }}") });
    for (const [path, body] of [
      ["versions", { content: sms("x") }],
      ["publish", { version: 1 }],
      ["rollback", {}],
    ] as const) {
      expect((await refused(409, "POST", `/v1/templates/${id}/${path}`, body)).code).toBe("conflict");
    }
    const again = await create({ name: "old" });
    expect(again.id).not.toBe(id);
    expect((await ok<{ data: Template[] }>("GET", "/v1/templates?limit=100")).data.map((t) => t.id)).not.toContain(id);
    expect(await auditOf(id)).toEqual(["template.created", "template.archived"]);
  });
});

describe("preview", () => {
  const content = {
    email: { subject: "Hi {{ name }}", html: "<p>Hi <b>{{ name }}</b></p>", from: "Shop <s@shop.example>" },
    sms: { text: "Hi {{ name }}" },
    push: { title: "Hi", body: "{{ name }}" },
  };

  test("shows every channel as its provider would get it", async () => {
    expect(await ok("POST", "/v1/preview", { content, variables: { name: "A&B" } })).toEqual({
      email: { subject: "Hi A&B", html: "<p>Hi <b>A&amp;B</b></p>", text: "Hi A&B", from: "Shop <s@shop.example>" },
      sms: { text: "Hi A&B", encoding: "GSM-7", segments: 1, units: 6, max_segments: 10 },
      push: { title: "Hi", body: "A&B" },
    });
    expect(await ok("POST", "/v1/preview", { content, channel: "sms", variables: { name: "x" } })).toEqual({
      sms: { text: "Hi x", encoding: "GSM-7", segments: 1, units: 4, max_segments: 10 },
    });
  });

  test("takes a template, published or of a version", async () => {
    const { id, name } = await create();
    await ok("POST", `/v1/templates/${id}/versions`, { content: sms("v2 {{ name }}") });
    expect(await ok("POST", "/v1/preview", { template_id: name, variables: { name: "x" } })).toEqual({
      template_id: id,
      version: 2,
      sms: { text: "v2 x", encoding: "GSM-7", segments: 1, units: 4, max_segments: 10 },
    });
    expect(await ok("POST", "/v1/preview", { template_id: `${name}:v1`, variables: { name: "x" } })).toMatchObject({
      sms: { text: "v1 x" },
    });
    expect((await refused(422, "POST", "/v1/preview", { template_id: "nope" })).errors).toMatchObject([{ path: "template_id" }]);
  });

  test("names all missing variables at once, with the fields that lack them", async () => {
    const bad = { ...content, sms: { text: "{{ name }} {{ order.id }}" } };
    const { code, errors } = await refused(422, "POST", "/v1/preview", { content: bad });
    expect(code).toBe("template_invalid");
    expect(errors).toEqual([
      {
        path: "variables.name",
        message: "Missing. It is used in content.email.subject, content.email.html, content.sms.text, content.push.body.",
      },
      { path: "variables.order.id", message: "Missing. It is used in content.sms.text." },
    ]);
  });

  test("says what stops a hostile template, in time", async () => {
    for (const text of [
      "{% for i in (1..1000000000) %}x{% endfor %}",
      "{% for i in (1..99999) %}{% for j in (1..99999) %}{% endfor %}{% endfor %}",
    ]) {
      const { code, errors } = await refused(422, "POST", "/v1/preview", { content: sms(text) });
      expect([code, errors?.[0]?.path]).toEqual(["template_invalid", "content.sms.text"]);
    }
  });

  test("refuses a channel that the content lacks, and wants one of template and content", async () => {
    expect((await refused(422, "POST", "/v1/preview", { content: sms("x"), channel: "email" })).errors).toMatchObject([
      { path: "channel" },
    ]);
    expect((await refused(422, "POST", "/v1/preview", {})).code).toBe("validation_failed");
    expect((await refused(422, "POST", "/v1/preview", { content: sms("x"), template_id: "a" })).code).toBe("validation_failed");
  });
});

describe("isolation", () => {
  test("another tenant sees and changes nothing", async () => {
    const { id, name } = await create();
    const stranger = await makeWorld();
    for (const ref of [id, name]) {
      for (const [method, path, body] of [
        ["GET", `/v1/templates/${ref}`],
        ["GET", `/v1/templates/${ref}/versions`],
        ["PATCH", `/v1/templates/${ref}`, { description: "x" }],
        ["POST", `/v1/templates/${ref}/versions`, { content: sms("x") }],
        ["POST", `/v1/templates/${ref}/publish`, { version: 1 }],
        ["POST", `/v1/templates/${ref}/rollback`, { version: 1 }],
        ["DELETE", `/v1/templates/${ref}`],
      ] as const) {
        expect((await stranger.call(method, path, { body })).status, `${method} ${path}`).toBe(404);
      }
      expect((await stranger.call("POST", "/v1/preview", { body: { template_id: ref, variables: { name: "x" } } })).status).toBe(
        422,
      );
    }
    expect(await auditOf(id)).toEqual(["template.created"]);
  });
});
