import { afterAll, beforeAll, expect, test } from "vitest";
import { email, expectOnce, isSent, send, waitFor } from "./client.ts";
import { cleanUp, launch, makeStateDir, type Server } from "./harness.ts";

/** A claim that died with the process is taken over when its lease has run out. */
const RECOVERED_WITHIN_MS = 150_000;
const stateDir = makeStateDir();
let server: Server;

beforeAll(async () => {
  server = await launch({ stateDir });
});
afterAll(cleanUp);

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
  const cut = server.kill();
  isOver = true;
  await Promise.all([cut, ...customers]);
  server = await launch({ stateDir });

  const ids: string[] = [];
  for (const [i, first] of accepted) {
    const again = await send(server, email(`order ${i}`), { "idempotency-key": `order-${i}` });
    if (first.length > 0) expect(again).toEqual(first);
    ids.push(...again);
  }
  expect(new Set(ids).size).toBe(accepted.size);
  expectOnce(await waitFor(server, ids, isSent, RECOVERED_WITHIN_MS));
}, 200_000);
