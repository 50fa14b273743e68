import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { LEASE_MS } from "../../src/shared/core/lease.ts";
import type { LeaseAnswer, LeasePlace } from "../../src/shared/ports/lessor.ts";
import type { ProviderLease } from "./index.ts";

const namespace = (env as unknown as { PROVIDER_LEASE: DurableObjectNamespace<ProviderLease> }).PROVIDER_LEASE;
let places = 0;
const freshPlace = () => namespace.getByName(`connection/con_lease_test_${places++}`);
const asPlace = (stub: DurableObjectStub<ProviderLease>): LeasePlace => stub as unknown as LeasePlace;

afterEach(() => {
  vi.useRealTimers();
});

/** The clock of the test and of its objects stands still until it is moved. */
function stopClock() {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 0, 1) });
  return { pass: (ms: number) => vi.setSystemTime(Date.now() + ms) };
}

test("of 200 who take at the same time, as many hold a permit as may, until each has given back", async () => {
  const place = asPlace(freshPlace());
  const limits = { concurrency: 10 };
  let under = 0;
  let most = 0;
  let done = 0;
  const takeOne = async (): Promise<boolean> => {
    const answer = await place.take(limits, 1, false);
    if (answer.granted === 0) {
      expect(answer.retryAfterMs).toBeGreaterThan(0);
      return false;
    }
    under += 1;
    most = Math.max(most, under);
    await place.take(limits, 0, true); // lets others in
    under -= 1;
    done += 1;
    await place.giveBack(limits, answer.lease, 0, 0);
    return true;
  };
  const first = await Promise.all(Array.from({ length: 200 }, () => place.take(limits, 1, false)));
  const holders = first.filter(({ granted }) => granted === 1);
  expect(holders).toHaveLength(10);
  expect(new Set(first.filter(({ granted }) => granted === 0).map(({ retryAfterMs }) => retryAfterMs)).size).toBe(190);
  await Promise.all(holders.map(({ lease }) => place.giveBack(limits, lease, 0, 0)));
  for (let waiting = 190; waiting > 0; ) {
    const went = await Promise.all(Array.from({ length: waiting }, takeOne));
    waiting -= went.filter(Boolean).length;
  }
  expect(done).toBe(190);
  expect(most).toBeLessThanOrEqual(10);
});

test("a rate holds over ten minutes, whoever asks however often, and is used up", async () => {
  const clock = stopClock();
  const place = asPlace(freshPlace());
  let granted = 0;
  for (let second = 0; second < 600; second++) {
    const answers = await Promise.all([1, 3, 50].map((want) => place.take({ rate_per_second: 5 }, want, false)));
    granted += answers.reduce((sum, answer) => sum + answer.granted, 0);
    expect(granted).toBeLessThanOrEqual(5 + second * 5);
    clock.pass(1000);
  }
  expect(granted).toBe(5 + 599 * 5);
});

test("a rate holds across an eviction: the bucket is never fuller than it was, and full again soon", async () => {
  const clock = stopClock();
  const stub = freshPlace();
  const limits = { rate_per_second: 10 };
  expect((await asPlace(stub).take(limits, 100, false)).granted).toBe(10);
  await evictDurableObject(stub);
  expect((await asPlace(stub).take(limits, 100, false)).granted).toBe(0);
  clock.pass(500);
  await evictDurableObject(stub);
  expect((await asPlace(stub).take(limits, 100, false)).granted).toBeLessThanOrEqual(5);
  await evictDurableObject(stub);
  clock.pass(7000);
  expect((await asPlace(stub).take(limits, 100, false)).granted).toBe(10);
});

test("a message now and then goes at once, though the object was evicted in between", async () => {
  const clock = stopClock();
  const stub = freshPlace();
  for (let i = 0; i < 5; i++) {
    expect((await asPlace(stub).take({ rate_per_second: 1 }, 1, false)).granted).toBe(1);
    await evictDurableObject(stub);
    clock.pass(10_000);
  }
});

test("a thousand questions in ten seconds write three rows, and a place without a rate none", async () => {
  const clock = stopClock();
  const rowsWritten = (stub: DurableObjectStub<ProviderLease>, ask: (place: LeasePlace) => Promise<unknown>) =>
    runInDurableObject(stub, async (object: ProviderLease, state) => {
      let written = 0;
      const { sql } = state.storage;
      const exec = sql.exec.bind(sql);
      const spy = vi.spyOn(sql, "exec").mockImplementation((query, ...values) => {
        written += /^(INSERT|UPDATE|DELETE)/.test(query) ? 1 : 0;
        return exec(query, ...values);
      });
      await ask(object);
      spy.mockRestore();
      return written;
    });
  const busy = await rowsWritten(freshPlace(), async (place) => {
    for (let i = 0; i < 1000; i++) {
      await place.take({ rate_per_second: 50, concurrency: 1000 }, 1, false);
      clock.pass(10);
    }
  });
  expect(busy).toBeGreaterThan(0);
  expect(busy).toBeLessThanOrEqual(3);
  const unhurried = await rowsWritten(freshPlace(), async (place) => {
    for (let i = 0; i < 100; i++) await place.take({ concurrency: 5 }, 1, false);
  });
  expect(unhurried).toBe(0);
});

test("what nobody gives back comes back after a minute", async () => {
  const clock = stopClock();
  const place = asPlace(freshPlace());
  const limits = { concurrency: 4 };
  const ask = (): Promise<LeaseAnswer> => place.take(limits, 10, false);
  const first = await ask();
  expect(first.granted).toBe(4);
  clock.pass(LEASE_MS - 1);
  expect((await ask()).granted).toBe(0);
  clock.pass(1);
  expect((await ask()).granted).toBe(4);
  await place.giveBack(limits, first.lease, 0, 0);
  expect((await ask()).granted, "a lease that has ended gives nothing back").toBe(0);
});

test("what a day's window has let through survives an eviction, to the last one, and what came back too", async () => {
  stopClock();
  const stub = freshPlace();
  const limits = { windows: [{ ms: 86_400_000, most: 10 }] };
  const { lease } = await asPlace(stub).take(limits, 7, true);
  await asPlace(stub).giveBack(limits, lease, 3, 0);
  await evictDurableObject(stub);
  expect((await asPlace(stub).take(limits, 10, true)).granted).toBe(6);
  await evictDurableObject(stub);
  expect((await asPlace(stub).take(limits, 1, true)).granted).toBe(0);
});
