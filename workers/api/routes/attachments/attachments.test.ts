import { beforeAll, describe, expect, test } from "vitest";
import { attachmentKey } from "../../../../src/shared/core/placement.ts";
import { makeWorld, type World } from "../../../../src/shared/testing/world.ts";
import { sha256Hex } from "../../../../src/shared/verbs/authenticate.ts";
import { signFileLink } from "../../../../src/shared/verbs/file-links.ts";
import { checkAttachments, loadAttachments } from "../../../../src/shared/verbs/load-attachments.ts";

interface Attachment {
  readonly id: string;
  readonly download_url: string;
  readonly [field: string]: unknown;
}

const MAX = 10 * 1024 * 1024;
let world: World;
const clock = { aheadMs: 0 };

beforeAll(async () => {
  world = await makeWorld({ deps: { now: () => Date.now() + clock.aheadMs } });
});

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function put(bytes: Uint8Array, query = "?filename=a.pdf", headers: Record<string, string> = {}): Promise<Response> {
  return world.call("POST", `/v1/attachments${query}`, {
    body: bytes,
    headers: { "content-type": "application/pdf", ...headers },
  });
}

async function made(text: string, query?: string, headers?: Record<string, string>): Promise<Attachment> {
  const response = await put(bytesOf(text), query, headers);
  expect(response.status, await response.clone().text()).toBe(201);
  return response.json();
}

const read = async (id: string): Promise<Attachment> => (await world.call("GET", `/v1/attachments/${id}`)).json();
const pathOf = (url: string) => url.slice(url.indexOf("/files/"));
const storedKeys = async () => (await world.deps.files.list({ prefix: `${world.tenantId}/` })).objects.map((o) => o.key);

describe("attachments", () => {
  test("are kept with their size and hash, listed, read and deleted", async () => {
    const one = await made("%PDF-1.7 hello");
    expect(one).toEqual({
      id: expect.stringMatching(/^att_[0-9A-Z]{26}$/),
      project_id: world.projectId,
      filename: "a.pdf",
      content_type: "application/pdf",
      size_bytes: 14,
      sha256: await sha256Hex("%PDF-1.7 hello"),
      created_at: expect.any(String),
    });
    const { download_url, download_url_expires_at, ...known } = await read(one.id);
    expect(known).toEqual(one);
    expect(Date.parse(String(download_url_expires_at))).toBeGreaterThan(Date.now() + 10 * 60_000);
    expect(download_url).toContain("https://carillon.test/files/");
    const list = (await (await world.call("GET", "/v1/attachments")).json()) as { data: Attachment[] };
    expect(list.data[0]).toEqual(one);
    expect(await (await world.deps.files.get(attachmentKey(world.tenantId, one.id)))?.text()).toBe("%PDF-1.7 hello");

    expect((await world.call("DELETE", `/v1/attachments/${one.id}`)).status).toBe(204);
    expect((await world.call("GET", `/v1/attachments/${one.id}`)).status).toBe(404);
    expect((await world.call("DELETE", `/v1/attachments/${one.id}`)).status).toBe(404);
    expect((await world.call("GET", pathOf(download_url), { key: null })).status).toBe(404);
    expect(await world.deps.files.get(attachmentKey(world.tenantId, one.id))).toBeNull();
    const { results } = await world.deps.control
      .prepare("SELECT action FROM audit WHERE target = ?1 ORDER BY at, rowid")
      .bind(one.id)
      .all<{ action: string }>();
    expect(results.map((r) => r.action)).toEqual(["attachment.created", "attachment.deleted"]);
  });

  test("stream in where their length is declared, up to 10 MiB", async () => {
    const bytes = new Uint8Array(MAX);
    for (let i = 0; i < MAX; i += 4096) bytes[i] = i >> 12;
    const headers = { "content-length": String(MAX) };
    const response = await put(bytes, "?filename=large.bin", headers);
    expect(response.status, await response.clone().text()).toBe(201);
    const { id, sha256, size_bytes } = (await response.json()) as Attachment;
    expect([sha256, size_bytes]).toEqual([await sha256Hex(bytes), MAX]);
    expect((await world.deps.files.head(attachmentKey(world.tenantId, id)))?.size).toBe(MAX);
  });

  test("that are larger are refused, and nothing of them is kept", async () => {
    const before = await storedKeys();
    const large = new Uint8Array(MAX + 1);
    expect((await put(large)).status).toBe(413);
    expect((await put(large, "?filename=a.pdf", { "content-length": String(MAX + 1) })).status).toBe(413);
    expect(await storedKeys()).toEqual(before);
  });

  test("that are longer or shorter than they say are refused, and nothing of them is kept", async () => {
    const before = await storedKeys();
    for (const length of ["3", "30"]) {
      const response = await put(bytesOf("%PDF-1.7 hello"), "?filename=a.pdf", { "content-length": length });
      expect([response.status, await response.json()]).toMatchObject([400, { code: "bad_request" }]);
    }
    expect(await storedKeys()).toEqual(before);
  });

  test.each([
    ["a.exe", "application/pdf", "%PDF"],
    ["invoice.pdf.js", "application/pdf", "%PDF"],
    ["a.pdf", "application/x-msdownload", "%PDF"],
    ["a.pdf", "application/pdf", "MZ\u0000\u0000"],
    ["a.pdf", "application/pdf", "#!/bin/sh"],
    ["gpj.\u202eexe", "image/jpeg", "x"],
    ["", "application/pdf", "%PDF"],
    ["..", "application/pdf", "%PDF"],
    ["a.pdf", "no type", "%PDF"],
    ["a.pdf", "multipart/form-data; boundary=x", "%PDF"],
    ["a.pdf", "application/pdf", ""],
  ])("named %j of type %j that begin with %j are refused, and nothing of them is kept", async (filename, type, text) => {
    const before = await storedKeys();
    for (const headers of [{}, { "content-length": String(bytesOf(text).byteLength) }]) {
      const response = await put(bytesOf(text), `?filename=${encodeURIComponent(filename)}`, {
        ...headers,
        "content-type": type,
      });
      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({ code: "validation_failed", errors: [{ message: expect.any(String) }] });
    }
    expect(await storedKeys()).toEqual(before);
  });

  test("take their name from a Content-Disposition too, without its path", async () => {
    const headers = { "content-disposition": "attachment; filename*=UTF-8''..%2FR%C3%A9sum%C3%A9%201.pdf" };
    expect(await made("x", "", headers)).toMatchObject({ filename: "Résumé 1.pdf" });
  });
});

describe("a link to a file", () => {
  test("downloads it without a key, as a file and never as a page", async () => {
    const { id } = await made("<script>alert(1)</script>", "?filename=p%C3%A4ge.pdf", { "content-type": "text/html" });
    const { download_url } = await read(id);
    const response = await world.call("GET", pathOf(download_url), { key: null });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("<script>alert(1)</script>");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": "attachment; filename=\"p_ge.pdf\"; filename*=UTF-8''p%C3%A4ge.pdf",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; sandbox",
      "cache-control": "private, no-store",
    });
  });

  test("ends after a quarter of an hour", async () => {
    const { id } = await made("x");
    const path = pathOf((await read(id)).download_url);
    clock.aheadMs = 14 * 60_000;
    expect((await world.call("GET", path, { key: null })).status).toBe(200);
    clock.aheadMs = 15 * 60_000 + 1000;
    const response = await world.call("GET", path, { key: null });
    clock.aheadMs = 0;
    expect([response.status, await response.json()]).toMatchObject([404, { code: "not_found", detail: "The link has expired." }]);
  });

  test("that was altered, or signed by another secret, for another use or without a signature, opens nothing", async () => {
    const { id } = await made("x");
    const { tenantId, projectId } = world;
    const token = pathOf((await read(id)).download_url).slice("/files/".length);
    const [head = "", body = "", signature = ""] = token.split(".");
    const b64 = (value: object) => bytesOf(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
    const claims = JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/"))) as object;
    const other = await signFileLink(
      { now: world.deps.now, linkSecret: "another-secret-that-is-long-enough-1" },
      { tenantId, projectId, id },
    );
    for (const bad of [
      other.token,
      `${head}.${b64({ ...claims, sub: "att_00000000000000000000000000" })}.${signature}`,
      `${head}.${b64({ ...claims, exp: 9_999_999_999 })}.${signature}`,
      `${b64({ alg: "none" })}.${body}.`,
      `${head}.${body}`,
      "x",
      "%00",
    ]) {
      expect((await world.call("GET", `/files/${bad}`, { key: null })).status, bad).toBe(404);
    }
  });
});

describe("attachments of a message", () => {
  test("are loaded whole, in order, from the same project only", async () => {
    const a = await made("one");
    const b = await made("two", "?filename=b.txt", { "content-type": "text/plain; charset=utf-8" });
    const expected = [
      { filename: "b.txt", contentType: "text/plain; charset=utf-8", contentBase64: btoa("two") },
      { filename: "a.pdf", contentType: "application/pdf", contentBase64: btoa("one") },
    ];
    for (let i = 0; i < 2; i++) expect(await loadAttachments(world.deps, world, [b.id, a.id])).toEqual(expected);
    const stranger = await makeWorld();
    await expect(loadAttachments(stranger.deps, stranger, [a.id])).rejects.toThrow("is gone");
    await expect(loadAttachments(world.deps, { ...world, projectId: "prj_other" }, [a.id])).rejects.toThrow("is gone");
  });

  test("stop the message where one is gone, also if it was in memory", async () => {
    const a = await made("here");
    await loadAttachments(world.deps, world, [a.id]);
    await world.call("DELETE", `/v1/attachments/${a.id}`);
    await expect(loadAttachments(world.deps, world, [a.id])).rejects.toThrow("is gone");
  });

  test("are checked at once: which are missing, doubled, too many or too large together", async () => {
    const a = await made("x");
    expect(await checkAttachments(world.deps, world, [])).toEqual([]);
    expect(await checkAttachments(world.deps, world, [a.id])).toEqual([]);
    expect(await checkAttachments(world.deps, world, ["att_nope", a.id, a.id])).toMatchObject([
      { path: "attachments[0]" },
      { path: "attachments[2]" },
    ]);
    expect(await checkAttachments(world.deps, world, Array(21).fill(a.id))).toMatchObject([{ path: "attachments" }]);
    const stranger = await makeWorld();
    expect(await checkAttachments(stranger.deps, stranger, [a.id])).toHaveLength(1);
    const large = await Promise.all(
      [1, 2, 3].map(async () => ((await (await put(new Uint8Array(MAX - 1).fill(1))).json()) as Attachment).id),
    );
    expect(await checkAttachments(world.deps, world, large.slice(0, 2))).toEqual([]);
    expect(await checkAttachments(world.deps, world, large)).toMatchObject([{ path: "attachments" }]);
  });

  test("of another tenant are not there, for any call", async () => {
    const { id } = await made("x");
    const stranger = await makeWorld();
    expect((await stranger.call("GET", `/v1/attachments/${id}`)).status).toBe(404);
    expect((await stranger.call("DELETE", `/v1/attachments/${id}`)).status).toBe(404);
    expect(await read(id)).toMatchObject({ id });
  });
});
