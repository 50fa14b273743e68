import { afterAll, beforeAll, expect, test } from "vitest";
import { call, email, isSent, type Message, send, sms, waitFor } from "./client.ts";
import { cleanUp, isGone, launch, makeStateDir, type Server } from "./harness.ts";

/** A claim that died with the process is taken over when its lease has run out. */
const RECOVERED_WITHIN_MS = 150_000;
const stateDir = makeStateDir();
let server: Server;

beforeAll(async () => {
  server = await launch({ stateDir });
});
afterAll(cleanUp);

async function powerCut(): Promise<void> {
  await server.kill();
  await isGone(server, stateDir);
  server = await launch({ stateDir });
}

/** A message that was carried twice has two of `sent`. */
function expectOnce(messages: readonly Message[]): void {
  for (const { events } of messages) {
    const types = events.map((e) => e.type);
    expect(types.filter((t) => t === "sent")).toHaveLength(1);
  }
}

test("what was answered with 202 is sent once, though everything is killed at that moment", async () => {
  const sends = Array.from({ length: 20 }, (_, i) => send(server, i % 2 ? email(`now ${i}`) : sms(`now ${i}`)));
  const ids = (await Promise.all(sends)).flat();
  await powerCut();
  expectOnce(await waitFor(server, ids, isSent, RECOVERED_WITHIN_MS));
}, 200_000);

test("a customer who repeats unanswered requests after a kill gets each message once", async () => {
  const accepted = new Map<number, string[]>();
  const before = server;
  let isOver = false;
  const customer = async (n: number): Promise<void> => {
    for (let i = n; !isOver; i += 4) {
      try {
        accepted.set(i, await send(before, email(`order ${i}`), { "idempotency-key": `order-${i}` }));
      } catch {
        accepted.set(i, []); // cut off: the customer cannot know
      }
    }
  };
  const customers = [0, 1, 2, 3].map(customer);
  await new Promise((done) => setTimeout(done, 400));
  const cut = powerCut();
  isOver = true;
  await Promise.all([cut, ...customers]);

  const ids: string[] = [];
  for (const [i, first] of accepted) {
    const again = await send(server, email(`order ${i}`), { "idempotency-key": `order-${i}` });
    if (first.length > 0) expect(again).toEqual(first);
    ids.push(...again);
  }
  expect(new Set(ids).size).toBe(accepted.size);
  expectOnce(await waitFor(server, ids, isSent, RECOVERED_WITHIN_MS));
}, 200_000);

test("when the start alone is killed, the runtime goes too, and the next start finds everything", async () => {
  const [id = ""] = await send(server, email("orphan"));
  process.kill(server.pid, "SIGKILL");
  await isGone(server, stateDir);
  server = await launch({ stateDir });
  expectOnce(await waitFor(server, [id], isSent, RECOVERED_WITHIN_MS));
}, 200_000);

test("a schedule outlives a kill: nothing is sent before its time, and all of it after", async () => {
  const dueAt = Date.now() + 12_000;
  const [id = ""] = await send(server, { ...email("later"), schedule_at: new Date(dueAt).toISOString() });
  await powerCut();
  const held = await call(server, "GET", `/v1/messages/${id}`);
  expect(held.body).toMatchObject({ status: "scheduled" });
  const [message] = await waitFor(server, [id], isSent, 40_000);
  const sent = message?.events.find((e) => e.type === "sent");
  expect(Date.parse((sent as { at?: string } | undefined)?.at ?? "")).toBeGreaterThanOrEqual(Math.floor(dueAt / 1000) * 1000);
}, 90_000);
