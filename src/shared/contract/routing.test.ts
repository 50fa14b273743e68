import { expect, test } from "vitest";
import { eventually, makeWorld } from "../testing/world.ts";
import { recipientsOf, routingShape } from "./routing.ts";

const to = [
  { channel: "email", destination: "ada@example.com" },
  { channel: "sms", destination: "+447700900123" },
  { channel: "push", destination: "t-1" },
] as const;

test("channels set the order; addresses of others come last, in their own", () => {
  const routing = routingShape.parse({ mode: "escalate", channels: ["push", "sms"], until: "opened", after: "2h" });
  const { to: people, plan } = recipientsOf(to, routing);
  expect(people).toHaveLength(1);
  expect([people[0]?.channel, ...(people[0]?.also ?? []).map((a) => a.channel)]).toEqual(["push", "sms", "email"]);
  expect(plan).toEqual({ mode: "escalate", until: "opened", after_seconds: 7200 });
});

test.each([
  ["90s", 90],
  ["10m", 600],
  ["1d", 86_400],
  [45, 45],
])("%s is a duration", (after, seconds) => {
  expect(routingShape.parse({ mode: "first", after })).toMatchObject({ after: seconds });
});

test.each([["0s"], ["10"], ["8d"], [0], ["1w"], [604_801]])("%s is none", (after) => {
  expect(routingShape.safeParse({ mode: "first", after }).success).toBe(false);
});

test("a send with routing makes one message, which goes through its addresses; wrong mixtures are told in their place", async () => {
  const w = await makeWorld();
  const body = {
    to: [
      { channel: "email", destination: "bounce@sandbox.test" },
      { channel: "sms", destination: "+447700900123" },
    ],
    content: { email: { subject: "Hi", text: "There" }, sms: { text: "Hi" } },
    routing: { mode: "first" },
  };
  const sent = await w.call("POST", "/v1/send", { body });
  expect(sent.status).toBe(202);
  const { message_ids } = (await sent.json()) as { message_ids: string[] };
  expect(message_ids).toHaveLength(1);
  const read = async () =>
    (await (await w.call("GET", `/v1/messages/${message_ids[0]}`)).json()) as {
      deliveries: { channel: string; phase: string }[];
    };
  expect((await read()).deliveries.map((d) => d.channel)).toEqual(["email", "sms"]);
  await eventually(async () => (await read()).deliveries[0]?.phase === "sent");

  const wrong = await w.call("POST", "/v1/send", {
    body: { ...body, to: body.to.map((t) => ({ ...t, variables: { a: 1 } })), routing: { mode: "all", until: "opened" } },
  });
  expect(wrong.status).toBe(422);
  expect(((await wrong.json()) as { errors: { path: string }[] }).errors.map((e) => e.path)).toContain("routing.until");
});
