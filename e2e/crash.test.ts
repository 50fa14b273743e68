import { afterAll, beforeAll, expect, test } from "vitest";
import { email, expectOnce, isSent, read, send, sms, waitFor } from "./client.ts";
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

test("what was answered with 202 is sent once, though everything is killed at that moment", async () => {
  const sends = Array.from({ length: 20 }, (_, i) => send(server, i % 2 ? email(`now ${i}`) : sms(`now ${i}`)));
  const ids = (await Promise.all(sends)).flat();
  await powerCut();
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
  const dueAt = Math.floor(Date.now() / 1000) * 1000 + 12_000;
  const [id = ""] = await send(server, { ...email("later"), schedule_at: new Date(dueAt).toISOString() });
  expect(await read(server, id)).toMatchObject({ status: "scheduled" });
  await powerCut();
  const [message] = await waitFor(server, [id], isSent, 60_000);
  const sent = message?.events.find((e) => e.type === "sent");
  expect(Date.parse(sent?.at ?? "")).toBeGreaterThanOrEqual(dueAt);
}, 120_000);
