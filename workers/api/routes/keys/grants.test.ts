import { beforeAll, expect, test } from "vitest";
import { makeWorld, type World } from "../../../../src/shared/testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});

const create = (key: string, body: object) => world.call("POST", "/v1/keys", { key, body });
const idOfLive = async () => {
  const { data } = (await (await world.call("GET", "/v1/keys")).json()) as { data: { id: string; mode: string; name: string }[] };
  return data.find((k) => k.name === "First live key")?.id ?? "";
};

test("a test key makes test keys, and neither makes, rotates nor revokes a live one, nor a project", async () => {
  const key = world.testKey;
  expect((await create(key, { name: "t", mode: "test" })).status).toBe(201);
  expect((await create(key, { name: "l", mode: "live" })).status).toBe(403);
  const live = await idOfLive();
  expect((await world.call("POST", `/v1/keys/${live}/rotate`, { key, body: {} })).status).toBe(403);
  expect((await world.call("DELETE", `/v1/keys/${live}`, { key })).status).toBe(403);
  expect((await world.call("POST", "/v1/projects", { key, body: { name: "Mine" } })).status).toBe(403);
  expect((await world.call("GET", "/v1/keys")).status).toBe(200);
});

test("no key grants a scope that it lacks, and a new key has those of its maker unless told", async () => {
  const key = await world.keyWith(["keys:write", "messages:read"]);
  const made = await create(key, { name: "same", mode: "live" });
  expect(((await made.json()) as { scopes: string[] }).scopes.sort()).toEqual(["keys:write", "messages:read"]);
  const refused = await create(key, { name: "more", mode: "live", scopes: ["messages:send"] });
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ code: "forbidden", detail: "This key lacks messages:send itself." });
  expect((await world.call("POST", `/v1/keys/${await idOfLive()}/rotate`, { key, body: {} })).status).toBe(403);
});
