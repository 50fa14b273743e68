import { expect, test } from "vitest";
import { DEFAULT_RETRY } from "../core/retry.ts";
import { makeWorld } from "../testing/world.ts";
import { forgetSettings, projectSettings } from "./project-settings.ts";

test("a project's policy costs one query in ten seconds, and one more when it is forgotten", async () => {
  const world = await makeWorld();
  const clock = { now: Date.now() };
  let reads = 0;
  const control = new Proxy(world.deps.control, {
    get: (target, property) => {
      if (property === "prepare") reads += 1;
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const ask = () => projectSettings({ control, now: () => clock.now }, world);
  expect((await ask()).retry).toEqual(DEFAULT_RETRY);
  clock.now += 9_999;
  await ask();
  await ask();
  expect(reads).toBe(1);
  clock.now += 1;
  await ask();
  expect(reads).toBe(2);
  forgetSettings(world);
  await ask();
  expect(reads).toBe(3);
});

test("a policy belongs to its project alone", async () => {
  const [one, two] = [await makeWorld(), await makeWorld()];
  const retry = { steps_seconds: [1], cap_seconds: 5, total_seconds: 60 };
  await one.call("PATCH", `/v1/projects/${one.projectId}`, { body: { settings: { retry } } });
  expect((await projectSettings(one.deps, one)).retry.stepsSeconds).toEqual([1]);
  expect((await projectSettings(one.deps, two)).retry).toEqual(DEFAULT_RETRY);
  expect((await projectSettings(one.deps, { ...one, tenantId: two.tenantId })).retry).toEqual(DEFAULT_RETRY);
});
