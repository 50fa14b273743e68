import { afterAll, beforeAll, expect, test } from "vitest";
import { call, send, waitFor } from "./client.ts";
import { cleanUp, launch, makeStateDir, type Server, until } from "./harness.ts";
import { startSesMock } from "./mocks/ses.ts";

const AWS = { accessKeyId: "AKIAE2ETEST", secretAccessKey: "e2e-secret", region: "eu-west-1" };
/** The lease of whoever was killed, then the minute of doubt, then the sweep that finds it. */
const SETTLED_WITHIN_MS = 200_000;
const ses = await startSesMock(AWS);
const stateDir = makeStateDir();
let server: Server;

beforeAll(async () => {
  server = await launch({ stateDir });
  const connection = await call(server, "POST", "/v1/connections", {
    channel: "email",
    provider: "ses",
    name: "Mock",
    priority: 1,
    credentials: { access_key_id: AWS.accessKeyId, secret_access_key: AWS.secretAccessKey },
    settings: { region: AWS.region, from: "shop@example.com", endpoint: ses.url },
  });
  expect(connection.status).toBe(201);
});
afterAll(async () => {
  cleanUp();
  await ses.close();
});

test(
  "killed between the provider's yes and our record of it: at_most_once is never sent twice, at_least_once is never lost",
  async () => {
    ses.control({ delayMs: 2_000 }); // it takes each message, and is slow to say so
    const atMost = ["most-1", "most-2", "most-3"];
    const atLeast = ["least-1", "least-2", "least-3"];
    const all = (names: readonly string[], options: object) =>
      send(server, {
        to: names.map((name) => ({ channel: "email", destination: `${name}@example.com` })),
        content: { email: { subject: "Fence", text: "Fence" } },
        ...options,
      });
    // Two lanes, so that neither waits for the other's slow calls.
    const ids = [
      ...(await all(atMost, { delivery: "at_most_once", priority: "high" })),
      ...(await all(atLeast, { delivery: "at_least_once", priority: "normal" })),
    ];
    await until(() => (ses.received.length === ids.length ? true : undefined), 30_000);
    await server.kill();
    ses.control(null);
    server = await launch({ stateDir });

    const messages = await waitFor(server, ids, (m) => m.status === "sent" || m.status === "failed", SETTLED_WITHIN_MS);
    const taken = (name: string) => ses.received.filter((m) => m.to === `${name}@example.com`).length;
    expect(atMost.map(taken)).toEqual([1, 1, 1]);
    // Nobody can know better than to send again: SES takes no idempotency key, and has said nothing.
    expect(atLeast.map(taken)).toEqual([2, 2, 2]);
    expect(messages.map((m) => m.status)).toEqual(["failed", "failed", "failed", "sent", "sent", "sent"]);
  },
  SETTLED_WITHIN_MS + 60_000,
);
