import { beforeAll, describe, expect, it } from "vitest";
import { FAULTS } from "../../../../src/shared/core/faults.ts";
import { makeWorld, type World } from "../../../../src/shared/testing/world.ts";
import { routes } from "../../routes.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

const get = (path: string, headers: Record<string, string> = {}) => world.call("GET", path, { key: null, headers });

async function hashOf(text: string): Promise<string> {
  return `'sha256-${new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toBase64()}'`;
}

describe("/openapi.json", () => {
  it("is an OpenAPI 3.1 document with every route, for anyone and from any origin", async () => {
    const response = await get("/openapi.json");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    const document = (await response.json()) as { openapi: string; paths: Record<string, object> };
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(Object.keys(document.paths).sort()).toEqual([...new Set(routes.map(({ path }) => path))].sort());
  });
});

describe("/docs", () => {
  it("runs its own style and script and nothing else", async () => {
    const response = await get("/docs");
    const page = await response.text();
    const policy = response.headers.get("content-security-policy") ?? "";
    for (const tag of ["style", "script"]) {
      const blocks = [...page.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, "g"))].map(([, text]) => text ?? "");
      expect(blocks).toHaveLength(1);
      expect(policy).toContain(`${tag}-src ${await hashOf(blocks[0] ?? "")}`);
    }
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(page).not.toMatch(/\sstyle=|\son[a-z]+=/);
  });

  it("explains every problem at the place that its type names", async () => {
    const page = await (await get("/docs")).text();
    const { type } = (await (await get("/v1/keys")).json()) as { type: string };
    expect(page).toContain(`id="${type.replace("/docs#", "")}"`);
    for (const code of Object.keys(FAULTS)) expect(page).toContain(`id="problem-${code}"`);
  });
});

describe.each(["/openapi.json", "/docs"])("%s", (path) => {
  it("may be cached, and is not sent again to whoever has it", async () => {
    const first = await get(path);
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(first.headers.get("cache-control")).toBe("public, max-age=300");
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`]) {
      const again = await get(path, { "if-none-match": known });
      expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
    }
    expect((await get(path, { "if-none-match": '"other"' })).status).toBe(200);
  });
});
